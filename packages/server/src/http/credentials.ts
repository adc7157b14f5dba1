/** Where a credential came from: a browser adds a cookie by itself, and nobody but the client adds the header. */
export type Carrier = 'header' | 'cookie'

/** The scheme that a credential came with; one from a cookie has none, and counts as a bearer token. */
export type Scheme = 'Bearer' | 'DPoP'

/** A credential as it was presented. */
export interface Presented {
  readonly carrier: Carrier
  readonly scheme: Scheme
  readonly text: string
}

/** The members of a request that a credential is read from; `rawHeaders` because Node drops or joins what came twice. */
export interface CredentialSource {
  readonly headers: { readonly authorization?: string | undefined; readonly cookie?: string | undefined }
  readonly rawHeaders: readonly string[]
}

const AUTHORIZATION = 'authorization'

/** How often a header is there. */
export function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (isNamed(rawHeaders[at], name)) count++
  return count
}

/** Every value of a header. */
export function valuesOfHeader(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && isNamed(rawHeaders[at - 1], name))
}

function isNamed(candidate: string | undefined, name: string): boolean {
  return candidate?.length === name.length && candidate.toLowerCase() === name
}

/** The value of the one cookie of this name. Two of one name are an attack or an accident: which is meant, nobody knows (RFC 6265bis §5.8). */
export function readCookie(header: string | undefined, name: string): string | 'ambiguous' | undefined {
  return header?.includes(name) === true ? findCookie(header, (each) => each === name) : undefined
}

/** The same of the one cookie whose name begins so. */
export function readCookieBeginning(header: string | undefined, prefix: string): string | 'ambiguous' | undefined {
  return header?.includes(prefix) === true ? findCookie(header, (each) => each.startsWith(prefix)) : undefined
}

function findCookie(header: string, isWanted: (name: string) => boolean): string | 'ambiguous' | undefined {
  let found: string | undefined
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at < 0 || !isWanted(pair.slice(0, at).trim())) continue
    if (found !== undefined) return 'ambiguous'
    found = pair.slice(at + 1).trim()
  }
  return found
}

/** The text after the scheme where it is this one, which is case-insensitive (RFC 9110 §11.1). */
export function readScheme(authorization: string | undefined, scheme: string): string | undefined {
  if (authorization?.charAt(scheme.length) !== ' ') return undefined
  if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return undefined
  return authorization.slice(scheme.length + 1).trim()
}

/**
 * The credential of a request: `Authorization: Bearer` (RFC 6750 §2.1) or `DPoP` (RFC 9449 §7.1), else this cookie. The header wins; more than one of a kind is
 * `ambiguous`. A header of another scheme is somebody else's. The query is never looked at (ASVS 14.2.1).
 */
export function readCredential(source: CredentialSource, cookieName: string): Presented | 'ambiguous' | undefined {
  const { authorization, cookie } = source.headers
  if (authorization !== undefined && countHeader(source.rawHeaders, AUTHORIZATION) > 1) return 'ambiguous'
  const fromCookie = readCookie(cookie, cookieName)
  if (fromCookie === 'ambiguous') return 'ambiguous'
  const bearer = readScheme(authorization, 'bearer')
  if (bearer !== undefined) return { carrier: 'header', scheme: 'Bearer', text: bearer }
  const bound = readScheme(authorization, 'dpop')
  if (bound !== undefined) return { carrier: 'header', scheme: 'DPoP', text: bound }
  return fromCookie === undefined ? undefined : { carrier: 'cookie', scheme: 'Bearer', text: fromCookie }
}

/** A name and a secret from HTTP Basic (RFC 7617), or undefined when the text is no such pair. */
export function readBasic(authorization: string | undefined): { name: string; secret: string } | undefined {
  const text = readScheme(authorization, 'basic')
  if (text === undefined) return undefined
  const pair = Buffer.from(text, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon < 0 ? undefined : { name: pair.slice(0, colon), secret: pair.slice(colon + 1) }
}
