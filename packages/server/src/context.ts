import type { Auth, Clock, Policy } from '@counterfoil/core'
import type { AccessTokenClaims, ErrorCode } from '@counterfoil/protocol'
import type { TrustsAddress } from './http/address.ts'
import type { ProofGuard } from '@counterfoil/verifier'
import type { CookieOf } from './http/cookies.ts'
import type { PushChannels } from './http/push-channels.ts'

/** A party that may follow the log and introspect: a verifier's name, and SHA-256 of its key. */
export interface KnownVerifier {
  readonly name: string
  readonly keyHash: Buffer
}

/** Reads access tokens that this issuer signed: their claims, or why they are none. */
export interface AccessTokenReader {
  /** One that the issuer itself may take. */
  readOwn(token: string): Promise<AccessTokenClaims | ErrorCode>
  /** One for whomever: the issuer, or an upstream of one of its applications. */
  readAny(token: string): Promise<AccessTokenClaims | ErrorCode>
}

/** All that the routes work with. */
export interface ServerContext {
  readonly auth: Auth
  /** The issuer URL, to the letter. */
  readonly issuer: string
  /** Its origin, as browsers send it. */
  readonly origin: string
  readonly policy: Policy
  readonly clock: Clock
  readonly signUp: 'open' | 'closed'
  readonly cookieOf: CookieOf
  readonly verifiers: readonly KnownVerifier[]
  /** Whether nobody but this node decides by what it knows: there is no verifier, and no other node. */
  readonly isAlone: boolean
  readonly trusts: TrustsAddress
  /** Where clients reach the gateways whose word is taken for what was asked for. */
  readonly gatewayOrigins: readonly string[]
  readonly tokens: AccessTokenReader
  /** Checks proofs of possession. */
  readonly proofs: ProofGuard
  readonly channels: PushChannels
  /** Whether the server is on its way out. */
  readonly isDraining: () => boolean
}
