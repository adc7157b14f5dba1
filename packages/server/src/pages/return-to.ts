/** Where a browser may be sent after sign-in. */
export interface Destinations {
  /** The origin of the issuer. */
  readonly own: string
  /** Every origin that some application lists. */
  readonly listed: readonly string[]
}

/**
 * In characters: as a parameter of an address of ours, where each `%` is encoded once more, it has to leave room for the rest of 8 KiB. A path of 450
 * Korean letters fits.
 */
const LONGEST = 7 * 1024

/** Browsers drop some of these and take a backslash for a slash: whoever checks before that checks something else. */
const NOT_IN_AN_ADDRESS = /[\s\p{C}\\]/u

/**
 * Where `return_to` leads, as an absolute URL to the letter of the parser: a path of the issuer's origin, or a URL of a listed one. Undefined for
 * anything else (RFC 9700 §4.11: no open redirector). The answer is never relative, so that no path can be read as a host.
 *
 * @example
 * readReturnTo('/my/devices', { own: 'https://auth.example.com', listed: [] }) // 'https://auth.example.com/my/devices'
 */
export function readReturnTo(text: string | undefined, { own, listed }: Destinations): string | undefined {
  if (text === undefined || text.length > LONGEST || NOT_IN_AN_ADDRESS.test(text)) return undefined
  const isPath = text.startsWith('/') && !text.startsWith('//')
  if (!isPath && !/^https?:\/\/[^/]/.test(text)) return undefined
  if (!URL.canParse(text, own)) return undefined
  const url = new URL(text, own)
  if (url.username !== '' || url.password !== '') return undefined
  // What was sent may have been shorter: the parser encodes what is not ASCII.
  if (new URLSearchParams([['', url.href]]).toString().length > LONGEST) return undefined
  return url.origin === own || listed.includes(url.origin) ? url.href : undefined
}

/**
 * Where such an answer leads, for `Location`: within the issuer's origin as a path, so that whoever opened it under another name of the same machine
 * stays where their cookie is.
 *
 * @example
 * locationOf('https://auth.example.com/my/devices', 'https://auth.example.com') // '/my/devices'
 */
export function locationOf(href: string, own: string): string {
  const { origin, pathname, search, hash } = new URL(href)
  if (origin !== own) return href
  // Two slashes at its beginning would be read as a host; behind a dot they are a path.
  return `${pathname.startsWith('//') ? '/.' : ''}${pathname}${search}${hash}`
}
