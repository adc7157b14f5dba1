/** The forms in which a client can hold a session. */
export const STRATEGIES = ['stateless', 'stateful', 'hybrid'] as const

/** The form in which the client holds the session. */
export type Strategy = (typeof STRATEGIES)[number]

/** The strategies whose sessions leave a record in the session store. */
export type StoredStrategy = Exclude<Strategy, 'stateless'>

/** How credentials travel: in JSON bodies and the `Authorization` header, or in cookies. */
export const TRANSPORTS = ['body', 'cookie'] as const

/** How an application's credentials travel. */
export type Transport = (typeof TRANSPORTS)[number]

/** What a signing key may do: each key has exactly one algorithm (RFC 8725 §3.1). */
export const SIGNING_ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const

/** A JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1) that access and refresh tokens are signed with. */
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]
