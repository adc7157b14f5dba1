/** Where a browser may be sent after sign-in. */
export interface Destinations {
  /** The origin of the issuer. */
  readonly own: string
  /** Every origin that some application lists. */
  readonly listed: readonly string[]
}

const LONGEST = 2000

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
  return url.origin === own || listed.includes(url.origin) ? url.href : undefined
}
