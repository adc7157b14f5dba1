import { refreshCookieOf, ROUTES, SESSION_COOKIE, type ApplicationId, type Strategy } from '@counterfoil/protocol'

/** A cookie's fixed part: where it goes, and when browsers send it. */
export interface CookieShape {
  readonly name: string
  readonly path: string
  readonly sameSite: 'Lax' | 'Strict'
}

/** Browsers hold no cookie longer than this (RFC 6265bis §5.5). */
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60

/** The cookie of an application's sessions in this strategy. */
export type CookieOf = (strategy: Strategy, applicationId: ApplicationId) => CookieShape

/** The cookie of stateful sessions: one for the whole host, because requests do not say which application they are of. */
export const SESSION: CookieShape = { name: SESSION_COOKIE, path: '/', sameSite: 'Lax' }

/** The cookies of an issuer whose URL has this path (empty at the root of its host). */
export function cookiesAt(issuerPath: string): CookieOf {
  const path = `${issuerPath}${ROUTES.token}`
  return (strategy, id) => (strategy === 'stateful' ? SESSION : { name: refreshCookieOf(id), path, sameSite: 'Strict' })
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
