import type { ApplicationId } from './ids.ts'

/** Cookie of a stateful session's token. `__Host-`: no other host can set it (RFC 6265bis §4.1.3.2). */
export const SESSION_COOKIE = '__Host-session'

/** How the names of refresh tokens' cookies begin. Their path is the token endpoint, so they travel nowhere else. */
export const REFRESH_COOKIE_PREFIX = '__Secure-refresh-'

/** Cookie of an application's refresh token: of its own name, so that a browser can be signed in to several applications of one issuer. */
export function refreshCookieOf(id: ApplicationId): string {
  // Of what is left as it is, parentheses alone are no part of a cookie's name (RFC 6265 §4.1.1, RFC 9110 §5.6.2).
  return REFRESH_COOKIE_PREFIX + encodeURIComponent(id).replaceAll('(', '%28').replaceAll(')', '%29')
}
