import type { AccountId, ApplicationId, SessionId, Strategy } from '@counterfoil/protocol'
import type { TrustedClaims } from './claims.ts'
import type { ProofFault } from './proof/decide-proof.ts'

/** Who makes a request. Instants are epoch milliseconds. Frozen, since checks of one credential share it. */
export interface Identity {
  readonly accountId: AccountId
  readonly sessionId: SessionId
  readonly applicationId: ApplicationId
  readonly strategy: Strategy
  readonly roles: readonly string[]
  /** When the user last proved who they are. */
  readonly authenticatedAt: number
  readonly expiresAt: number
  /** What revocations are held to, and how far the issuer had followed the log: for whoever hands the identity on in a token of its own. */
  readonly accountGeneration: number
  readonly applicationGeneration: number
  readonly logPosition: string
  /** The token's claims as they are in it; undefined for a session token, which holds none. */
  readonly claims: TrustedClaims | undefined
}

/**
 * Why a credential is refused: `absent`; `opaque`, a session token (`cfs_`), which only its issuer can judge, and this verifier has no
 * key to ask it; `malformed`; `untrusted`, no trusted key signed it with an allowed algorithm; `wrong-type`, a token, but no access
 * token; `wrong-issuer`; `wrong-audience`; `not-yet-valid`; `expired`; `revoked`, its session has ended or its key was taken out of use;
 * `too-old-authentication`; `bound`, it is bound to a key and came without the DPoP scheme; `unbound`, it is bound to none and came with it;
 * `invalid-proof`, the proof is missing or not good; `nonce-required`, the proof must hold the nonce that comes along.
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
  | 'revoked'
  | 'too-old-authentication'
  | 'bound'
  | 'unbound'
  | 'invalid-proof'
  | 'nonce-required'

/** The credential is good. */
export interface Accepted {
  readonly outcome: 'accepted'
  readonly identity: Identity
  /** Whether every revocation from before the bound would be known: decided under a lease, or by the issuer. Never so without the feed. */
  readonly fresh: boolean
  /**
   * Fires when what was accepted ends: its session is revoked, the token expires, or, where stale decisions are rejected, the lease is lost.
   * Its `reason` is a `WorkEnded`. Ask for it only where something goes on after the answer has begun: a stream, a socket.
   */
  readonly signal: AbortSignal
}

/** The credential is not good: 401. */
export interface Refused {
  readonly outcome: 'refused'
  readonly reason: RefusalReason
  /** What is wrong with the proof of possession, where it is that. */
  readonly fault?: ProofFault | undefined
  /** The nonce that the next proof must hold, where one is asked for (RFC 9449 §9). */
  readonly nonce?: string | undefined
}

/**
 * Why nobody can tell: `keys-unavailable`, there are no keys to go by; `never-connected`, this verifier has not reached its server since it
 * started; `stale`, it has not heard from it within the lease; `behind`, it has not come to the place in the log that was asked for; `proofs-unavailable`,
 * whether a proof was used before cannot be known.
 */
export type UnknownReason = 'keys-unavailable' | 'never-connected' | 'stale' | 'behind' | 'proofs-unavailable'

/** Nobody can tell now: 503, and nobody is signed out. */
export interface Unknown {
  readonly outcome: 'unknown'
  readonly reason: UnknownReason
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
  revoked: refuse('revoked'),
  'too-old-authentication': refuse('too-old-authentication'),
  bound: refuse('bound'),
  unbound: refuse('unbound'),
  'invalid-proof': refuse('invalid-proof'),
  'nonce-required': refuse('nonce-required'),
}
