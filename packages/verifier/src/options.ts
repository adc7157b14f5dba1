import type { JwsAlgorithm } from './algorithms.ts'
import type { EngineName } from './engine.ts'
import type { FeedNotice } from './feed/following.ts'
import type { OnStale } from './judgement.ts'
import type { JwkSet } from './key-ring.ts'
import type { KeySource } from './local-keys.ts'
import type { ProofMemory } from './proof/proof-memory.ts'

/** Keys that are fetched over HTTP. */
export interface RemoteJwksOptions {
  /** Where the key set is: https, or http on the loopback. Default: `<issuer>/.well-known/jwks.json`. */
  readonly uri?: string | undefined
  /** How long a key set is used before it must be fetched again; the answer's `max-age` may shorten it. Default 300. */
  readonly maxAgeSeconds?: number | undefined
  /** How long after a fetch an unknown `kid` causes no other. Also the longest wait between failed ones. Default 30. */
  readonly cooldownSeconds?: number | undefined
  /** How long past its age a key set is still used when it cannot be fetched. Default 3600. */
  readonly staleIfErrorSeconds?: number | undefined
  /** How long one request may take, in milliseconds. Default 5000. */
  readonly timeoutMs?: number | undefined
  /** How large an answer may be. Default 262144. */
  readonly maxBytes?: number | undefined
}

/** How a verifier follows the revocation log. */
export interface FeedOptions {
  /** The key of this verifier, from the server's configuration (`[[verifiers]]`). */
  readonly key: string
  /**
   * `background` (default): renews its lease by itself, and is told of revocations as they happen. `on-demand`: for serverless and edge, where
   * nothing runs between requests; the first check after a lease has run out waits for one small request, all others make none.
   */
  readonly mode?: 'background' | 'on-demand' | undefined
  /** How long one request may take, in milliseconds. Default 2000. */
  readonly timeoutMs?: number | undefined
  /** How many records may be kept; beyond that tokens from before the oldest are asked about. Default 1,000,000 (64 MB at most). */
  readonly maxRecords?: number | undefined
  /** Told of what happens to the feed: leases, gaps, records. It must not throw. */
  readonly onEvent?: ((event: FeedNotice) => void) | undefined
}

/** How a verifier checks proofs of possession (DPoP, RFC 9449). */
export interface ProofOptions {
  /**
   * Where clients reach this service, such as `https://orders.example.com`: what proofs are made for. It is never taken from the request, whose `Host` is
   * the sender's choice. Default: the origins of those audiences that are URLs; without any, tokens that are bound to a key are refused.
   */
  readonly origin?: string | readonly string[] | undefined
  /** Whether only credentials that are bound to a key are taken, and no bearer token (RFC 9700 §2.2.1). Default `false`. */
  readonly required?: boolean | undefined
  /** How old a proof may be, in seconds. Default 60. */
  readonly maxAgeSeconds?: number | undefined
  /** Remembers which proofs have been used. Default: in this process; instances of one service should share one. */
  readonly memory?: ProofMemory | undefined
  /** What nonces are made with, of 32 bytes or more, known to all instances: then every proof must hold one. Default: no nonces. */
  readonly nonceSecret?: Uint8Array | undefined
  /** How long a nonce is handed out, in seconds; it is accepted for as long again. Default 120. */
  readonly nonceSeconds?: number | undefined
}

/** Where a verifier has the time from. */
export interface VerifierClock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds since any instant, never going back. Default: the platform's. */
  monotonic?(): number
  /** Calls back once after this many milliseconds; calling what it returns keeps it from happening. Default: the platform's timer. */
  after?(ms: number, act: () => void): () => void
}

/** How a verifier is made. */
export interface VerifierOptions {
  /** The issuer's URL, to the letter as it stands in `iss`: https, or http on the loopback. */
  readonly issuer: string
  /** Where the issuer is reached from here, if not at its URL: https, or http on the loopback. Default: the issuer. */
  readonly issuerAddress?: string | undefined
  /** What this service is called in `aud`; with several, one is enough. */
  readonly audience: string | readonly string[]
  /** The algorithms that are allowed. Default: EdDSA, ES256, RS256. */
  readonly algorithms?: readonly JwsAlgorithm[] | undefined
  /**
   * How to learn of revocations. Default `false`: not at all; then the bound of a revocation is the remaining life of the token, and
   * `status()` says so (G4).
   */
  readonly feed?: FeedOptions | false | undefined
  /** What to do when the lease is lost, where the call does not say. Default `introspect`. */
  readonly onStale?: OnStale | undefined
  /** How tokens that are bound to a key are taken. */
  readonly proofs?: ProofOptions | undefined
  /** Where the keys are: at a URL, in a source in memory, or in this very set. Default: at the issuer's. */
  readonly jwks?: RemoteJwksOptions | KeySource | JwkSet | undefined
  /** By how much the clocks of issuer and verifier may differ, in seconds. Default 5. */
  readonly leewaySeconds?: number | undefined
  /** How much the cache of accepted tokens may hold. Default 32 MiB and 100,000 tokens; 0 turns it off. */
  readonly cache?: { readonly maxBytes?: number | undefined; readonly maxEntries?: number | undefined } | undefined
  /** Default: the system's clocks. */
  readonly clock?: VerifierClock | undefined
  /** Fetches the keys. Default: the platform's. */
  readonly fetch?: typeof fetch | undefined
  /** What checks signatures. Default: `node` on Node, `web` elsewhere. */
  readonly engine?: EngineName | undefined
}
