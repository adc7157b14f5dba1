import { REFRESH_COOKIE, ROUTES, SESSION_COOKIE, type Strategy } from '@counterfoil/protocol'

/** A cookie's fixed part: where it goes, and when browsers send it. */
export interface CookieShape {
  readonly name: string
  readonly path: string
  readonly sameSite: 'Lax' | 'Strict'
}

/** Browsers hold no cookie longer than this (RFC 6265bis §5.5). */
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60

/** The cookies of an issuer whose URL has this path (empty at the root of its host). */
export function cookieShapes(issuerPath: string): Readonly<Record<Strategy, CookieShape>> {
  const session: CookieShape = { name: SESSION_COOKIE, path: '/', sameSite: 'Lax' }
  const refresh: CookieShape = { name: REFRESH_COOKIE, path: `${issuerPath}${ROUTES.token}`, sameSite: 'Strict' }
  return { stateful: session, hybrid: refresh, stateless: refresh }
}

/**
 * `Set-Cookie` for a credential. Always `Secure` and `HttpOnly` (ASVS 3.3.1, 3.3.4): browsers take such a cookie from
 * `http://localhost` too.
 */
export function setCookie(shape: CookieShape, value: string, lifeMs: number): string {
  const maxAge = Math.min(MAX_AGE_SECONDS, Math.max(0, Math.floor(lifeMs / 1000)))
  const { name, path, sameSite } = shape
  return `${name}=${value}; Path=${path}; Max-Age=${maxAge}; Secure; HttpOnly; SameSite=${sameSite}`
}

/** `Set-Cookie` that removes a cookie: name, path and attributes must be those that it was set with. */
export function clearCookie(shape: CookieShape): string {
  return setCookie(shape, '', 0)
}
