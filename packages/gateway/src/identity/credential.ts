import { SESSION_COOKIE } from '@counterfoil/protocol'

/** A credential and where it was. A browser adds a cookie by itself, and nobody but the client adds the header. */
export interface Presented {
  readonly carrier: 'header' | 'cookie'
  /** `DPoP`: bound to a key, of which a proof comes along (RFC 9449 §7.1). */
  readonly scheme: 'Bearer' | 'DPoP'
  readonly text: string
}

/** The credential of a request: `Authorization: Bearer` (RFC 6750 §2.1) or `DPoP`, else the session cookie; the header wins. Two of a kind are `ambiguous`. */
export function readCredential(
  authorization: readonly string[],
  cookies: readonly string[],
): Presented | 'ambiguous' | undefined {
  if (authorization.length > 1) return 'ambiguous'
  const [header] = authorization
  const fromCookie = readCookie(cookies, SESSION_COOKIE)
  if (fromCookie === 'ambiguous') return 'ambiguous'
  // Another scheme is somebody else's.
  if (header !== undefined && /^bearer /i.test(header)) return inHeader('Bearer', header.slice(7))
  if (header !== undefined && /^dpop /i.test(header)) return inHeader('DPoP', header.slice(5))
  return fromCookie === undefined ? undefined : { carrier: 'cookie', scheme: 'Bearer', text: fromCookie }
}

function inHeader(scheme: Presented['scheme'], text: string): Presented {
  return { carrier: 'header', scheme, text: text.trim() }
}

/** The value of the one cookie of this name. Of two nobody knows which is meant (RFC 6265bis §5.8). */
export function readCookie(headers: readonly string[], name: string): string | 'ambiguous' | undefined {
  let found: string | undefined
  for (const header of headers) {
    if (!header.includes(name)) continue
    for (const pair of header.split(';')) {
      const at = pair.indexOf('=')
      if (at < 0 || pair.slice(0, at).trim() !== name) continue
      if (found !== undefined) return 'ambiguous'
      found = pair.slice(at + 1).trim()
    }
  }
  return found
}

/** A `Cookie` header without the cookies of these names; undefined when nothing is left. */
export function withoutCookies(header: string, names: ReadonlySet<string>): string | undefined {
  const kept = header.split(';').filter((pair) => {
    const at = pair.indexOf('=')
    return !names.has((at < 0 ? pair : pair.slice(0, at)).trim())
  })
  const text = kept.join(';').trim()
  return text === '' ? undefined : text
}
