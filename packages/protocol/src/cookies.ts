/** Cookie of a stateful session's token. `__Host-`: no other host can set it (RFC 6265bis §4.1.3.2). */
export const SESSION_COOKIE = '__Host-session'

/** Cookie of a refresh token; its path is the token endpoint, so it travels nowhere else. */
export const REFRESH_COOKIE = '__Secure-refresh'
