/** The cookie with a browser's refresh token. `__Host-`: no other host can set it (RFC 6265bis §4.1.3.2). */
export const BROWSER_COOKIE = '__Host-gateway'

/** Browsers hold no cookie longer than this (RFC 6265bis §5.5). */
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax'

/** `Set-Cookie` with a refresh token. The issuer knows when it ends; until then the browser keeps it. */
export function setBrowserCookie(refreshToken: string): string {
  return `${BROWSER_COOKIE}=${refreshToken}; Max-Age=${MAX_AGE_SECONDS}; ${ATTRIBUTES}`
}

/** `Set-Cookie` that removes it. */
export const CLEAR_BROWSER_COOKIE = `${BROWSER_COOKIE}=; Max-Age=0; ${ATTRIBUTES}`
