declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** Names a session: 128 random bits as 22 characters of canonical base64url. Public; it is no credential. */
export type SessionId = Branded<'SessionId'>

/** Names an account: 128 random bits as 22 characters of canonical base64url. Never reused. */
export type AccountId = Branded<'AccountId'>

/** Names an application (what OAuth calls a client): chosen by the operator in the configuration. */
export type ApplicationId = Branded<'ApplicationId'>

/** Names a signing key (`kid`, the RFC 7638 thumbprint) or an opaque-token key. */
export type KeyId = Branded<'KeyId'>
