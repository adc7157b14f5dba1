import type { AccountId, ApplicationId, SessionId, Strategy } from '@counterfoil/protocol'
import type { TrustedClaims } from './claims.ts'

/** Who makes a request. Instants are epoch milliseconds. Frozen, since checks of one token share it. */
export interface Identity {
  readonly accountId: AccountId
  readonly sessionId: SessionId
  readonly applicationId: ApplicationId
  readonly strategy: Strategy
  readonly roles: readonly string[]
  /** When the user last proved who they are. */
  readonly authenticatedAt: number
  readonly expiresAt: number
  /** The token's claims as they are in it. */
  readonly claims: TrustedClaims
}

/**
 * Why a credential is refused: `absent`; `opaque`, a session token (`cfs_`), which only its issuer can judge;
 * `malformed`; `untrusted`, no trusted key signed it with an allowed algorithm; `wrong-type`, a token, but no access
 * token; `wrong-issuer`; `wrong-audience`; `not-yet-valid`; `expired`; `too-old-authentication`.
 */
export type RefusalReason =
  | 'absent'
  | 'opaque'
  | 'malformed'
  | 'untrusted'
  | 'wrong-type'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'not-yet-valid'
  | 'expired'
  | 'too-old-authentication'

/** The credential is good. */
export interface Accepted {
  readonly outcome: 'accepted'
  readonly identity: Identity
}

/** The credential is not good: 401. */
export interface Refused {
  readonly outcome: 'refused'
  readonly reason: RefusalReason
}

/** Nobody can tell now, since there are no keys to go by: 503, and nobody is signed out. */
export interface Unknown {
  readonly outcome: 'unknown'
  readonly retryAfterMs: number
}

/** What a verifier says about a credential. */
export type Decision = Accepted | Refused | Unknown

function refuse(reason: RefusalReason): Refused {
  return Object.freeze({ outcome: 'refused', reason })
}

/** One refusal for each reason: refusing costs no memory. */
export const REFUSED: Readonly<Record<RefusalReason, Refused>> = {
  absent: refuse('absent'),
  opaque: refuse('opaque'),
  malformed: refuse('malformed'),
  untrusted: refuse('untrusted'),
  'wrong-type': refuse('wrong-type'),
  'wrong-issuer': refuse('wrong-issuer'),
  'wrong-audience': refuse('wrong-audience'),
  'not-yet-valid': refuse('not-yet-valid'),
  expired: refuse('expired'),
  'too-old-authentication': refuse('too-old-authentication'),
}
