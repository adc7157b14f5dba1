export { decodeBase64url, encodeBase64url } from './base64url.ts'
export { ACCESS_TOKEN_TYPE, PROOF_TYPE, REFRESH_TOKEN_TYPE } from './claims.ts'
export type { AccessTokenClaims, Confirmation, RefreshTokenClaims, SessionClaims } from './claims.ts'
export { REFRESH_COOKIE_PREFIX, refreshCookieOf, SESSION_COOKIE } from './cookies.ts'
export { AuthError, ERRORS, errorStatus, errorText } from './errors.ts'
export type { ErrorCode, ErrorDetails } from './errors.ts'
export {
  boundMs,
  CLOCK_RATE_ERROR,
  FEED_EVENTS,
  isMark,
  markPosition,
  patienceMs,
  positionOfMark,
  readLease,
  readPush,
  readRevocation,
  wireOfLease,
  wireOfPush,
  wireOfRevocation,
} from './feed.ts'
export type { LeaseAnswer, LeaseRequest, Push } from './feed.ts'
export type { AccountId, ApplicationId, KeyId, SessionId } from './ids.ts'
export { elapsedMs } from './instant.ts'
export type { Instant } from './instant.ts'
export {
  layOutOpaqueToken,
  OPAQUE_TOKEN_PREFIX,
  opaqueTokenKind,
  readOpaqueToken,
  writeOpaqueToken,
} from './opaque-token.ts'
export type { OpaqueToken, OpaqueTokenKind } from './opaque-token.ts'
export { PROOF_ALGORITHMS, PROOF_HEADER, PROOF_NONCE_HEADER } from './proof.ts'
export type { ProofAlgorithm } from './proof.ts'
export type { LogHead, NewRevocation, Revocation } from './revocation.ts'
export * as ROUTES from './routes.ts'
export { SIGNING_ALGORITHMS, STRATEGIES, TRANSPORTS } from './strategy.ts'
export type { SigningAlgorithm, StoredStrategy, Strategy, Transport } from './strategy.ts'
