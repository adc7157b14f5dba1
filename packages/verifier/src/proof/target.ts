// No backslash, which some take for a slash, and nothing that cannot be seen.
const VISIBLE_URL = /^https?:\/\/[\x21-\x5b\x5d-\x7e]+$/i
const ESCAPE = /%[0-9a-f]{2}/gi
const UNRESERVED = /[\w.~-]/

/** RFC 3986 §6.2.2: escapes of unreserved characters are taken away, all others in capitals. */
function normaliseEscape(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
  return UNRESERVED.test(character) ? character : escape.toUpperCase()
}

/**
 * An http or https URI without its query and fragment, in the one form that all its spellings have (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3);
 * undefined for what is no such URI, or names a user.
 */
export function normaliseTarget(uri: string): string | undefined {
  // First, since a query may hold anything, and does not count.
  const [bare = ''] = uri.split(/[?#]/, 1)
  if (!VISIBLE_URL.test(bare) || !URL.canParse(bare)) return undefined
  const { protocol, host, pathname, username, password } = new URL(bare)
  if (username !== '' || password !== '') return undefined
  // Segments of dots are gone by now, escaped or not.
  return `${protocol}//${host}${pathname.replace(ESCAPE, normaliseEscape)}`
}

/**
 * What a request was made for, as its proof may name it: an absolute URL as it is, a path at each of the service's origins. None where that is
 * neither, or a path and nobody knows where this service is.
 */
export function targetsOf(url: string, origins: readonly string[]): string[] {
  const urls = url.startsWith('/') ? origins.map((origin) => origin + url) : [url]
  return urls.flatMap((each) => normaliseTarget(each) ?? [])
}
