import type { AccountId, ApplicationId, SessionId } from './ids.ts'
import type { Strategy } from './strategy.ts'

/** `typ` of an access token (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

/** `typ` of a stateless refresh token, so that neither kind passes for the other (RFC 8725 §3.11, §3.12). */
export const REFRESH_TOKEN_TYPE = 'rt+jwt'

/** `typ` of a proof of possession (RFC 9449 §4.2), which is neither. */
export const PROOF_TYPE = 'dpop+jwt'

/** The key that a token is bound to (RFC 7800 §3.1, RFC 9449 §6.1): who presents the token proves possession of it. */
export interface Confirmation {
  /** The key's thumbprint: SHA-256 (RFC 7638), in base64url. */
  readonly jkt: string
}

/** What both kinds of signed token say about the session they belong to. Instants are NumericDate seconds. */
export interface SessionClaims {
  /** The issuer URL, to the letter. */
  readonly iss: string
  /** The account. */
  readonly sub: AccountId
  readonly aud: string | readonly string[]
  readonly client_id: ApplicationId
  readonly sid: SessionId
  /** 128 random bits; unique to this token. */
  readonly jti: string
  readonly iat: number
  readonly exp: number
  /** When the user last proved who they are. */
  readonly auth_time: number
  /** How they proved it (RFC 8176). */
  readonly amr: readonly string[]
  /** A stateful session appears in tokens made for an upstream only. */
  readonly strategy: Strategy
  /** The account's generation when the session began; a revocation names the generation below which all end. */
  readonly account_generation: number
  /** The same for the application. */
  readonly client_generation: number
  /** How far the issuer had followed the revocation log when it looked whether the session stands; see `markPosition`. */
  readonly log_position: string
  /** Absent from a bearer token. */
  readonly cnf?: Confirmation | undefined
}

/** Claims of an access token (RFC 9068 §2.2). */
export interface AccessTokenClaims extends SessionClaims {
  readonly roles: readonly string[]
}

/** Claims of a stateless refresh token; its audience is the issuer alone. */
export type RefreshTokenClaims = SessionClaims
