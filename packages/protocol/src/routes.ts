/** Paths of the HTTP interface, relative to the issuer URL. */
export const ROUTES = {
  metadata: '/.well-known/oauth-authorization-server',
  jwks: '/.well-known/jwks.json',
  openapi: '/openapi.json',
  docs: '/docs',
  healthz: '/healthz',
  readyz: '/readyz',
  accounts: '/accounts',
  sessions: '/sessions',
  currentSession: '/sessions/current',
  attributes: '/sessions/current/attributes',
  account: '/account',
  password: '/account/password',
  token: '/oauth/token',
  revoke: '/oauth/revoke',
  introspect: '/oauth/introspect',
  verify: '/verify',
  lease: '/revocations/lease',
  feed: '/revocations/stream',
} as const

/** Cookie of a stateful session's token. `__Host-`: no other host can set it (RFC 6265bis §4.1.3.2). */
export const SESSION_COOKIE = '__Host-session'

/** Cookie of a refresh token; its path is the token endpoint, so it travels nowhere else. */
export const REFRESH_COOKIE = '__Secure-refresh'
