import type { JwsAlgorithm } from './algorithms.ts'
import type { EngineName } from './engine.ts'
import type { JwkSet } from './key-ring.ts'
import type { KeySource } from './local-keys.ts'

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

/** How a verifier is made. */
export interface VerifierOptions {
  /** The issuer's URL, to the letter as it stands in `iss`: https, or http on the loopback. */
  readonly issuer: string
  /** What this service is called in `aud`; with several, one is enough. */
  readonly audience: string | readonly string[]
  /** The algorithms that are allowed. Default: EdDSA, ES256, RS256. */
  readonly algorithms?: readonly JwsAlgorithm[] | undefined
  /** Where the keys are: at a URL, in a source in memory, or in this very set. Default: at the issuer's. */
  readonly jwks?: RemoteJwksOptions | KeySource | JwkSet | undefined
  /** By how much the clocks of issuer and verifier may differ, in seconds. Default 5. */
  readonly leewaySeconds?: number | undefined
  /** How much the cache of accepted tokens may hold. Default 32 MiB and 100,000 tokens; 0 turns it off. */
  readonly cache?: { readonly maxBytes?: number | undefined; readonly maxEntries?: number | undefined } | undefined
  /** Tells the time in epoch milliseconds. Default: the system's clock. */
  readonly clock?: { now(): number } | undefined
  /** Fetches the keys. Default: the platform's. */
  readonly fetch?: typeof fetch | undefined
  /** What checks signatures. Default: `node` on Node, `web` elsewhere. */
  readonly engine?: EngineName | undefined
}
