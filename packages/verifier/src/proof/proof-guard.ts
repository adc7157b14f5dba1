import type { EngineName } from '../engine.ts'
import { whenReady, type Eventually } from '../eventually.ts'
import { selectEngine } from '../select-engine.ts'
import { decideProof, type ProofClaims, type ProofFault } from './decide-proof.ts'
import { selectHashing, type Hashing } from './hashing.ts'
import { ProofNonces } from './nonces.ts'
import { ProofKeys, type ReadyKey } from './proof-keys.ts'
import type { ProofMemory } from './proof-memory.ts'
import { parseProof, soleProof, type Proof } from './read-proof.ts'
import { normaliseTarget, targetsOf } from './target.ts'

/** A request that comes with a proof. */
export interface ProvenRequest {
  readonly method: string
  /** As the client addresses it: an absolute URL that the caller vouches for, or a path at one of the service's origins. A query does not matter. */
  readonly url: string
  /** Every `DPoP` header; exactly one is right. */
  readonly headers: string | readonly string[] | undefined
}

/** The access token that comes with a proof. */
export interface BoundToken {
  readonly token: string
  /** The thumbprint of the key that it is bound to (`cnf.jkt`). */
  readonly keyThumbprint: string
}

/** A proof that is good, and has perhaps been used before. */
export interface SoundProof {
  readonly outcome: 'sound'
  /** The thumbprint of the key that was proved (RFC 7638), in base64url. */
  readonly keyThumbprint: string
  /** Uses it up: false when it had been used before. Asked when nothing else speaks against the request. Throws or rejects when the memory cannot tell. */
  spend(): Eventually<boolean>
}

/** A proof that is not good. */
export interface BadProof {
  readonly outcome: 'refused'
  readonly fault: ProofFault
  /** For the next proof; there where the fault is `nonce-needed`. */
  readonly nonce?: string | undefined
}

/** What a guard goes by. */
export interface ProofGuardOptions {
  /** The service's origins, which a path is looked up at. Default: none; then only absolute URLs can be proved. */
  readonly origins?: readonly string[] | undefined
  /** How old a proof may be, in seconds. Default 60. */
  readonly maxAgeSeconds?: number | undefined
  /** By how much the client's clock may differ, in seconds. Default 5. */
  readonly leewaySeconds?: number | undefined
  readonly memory: ProofMemory
  /** Nonces: who needs one, the secret that they are made with, and how long one is handed out, in seconds. Default: nobody. */
  readonly nonces?:
    { readonly need: 'required' | 'offered'; readonly secret: Uint8Array; readonly slotSeconds: number } | undefined
  readonly clock: { now(): number }
  /** Default: `node` on Node, `web` elsewhere. */
  readonly engine?: EngineName | undefined
}

/**
 * Checks proofs of possession (RFC 9449 §4.3), for services and for the issuer.
 *
 * @example
 * ```ts
 * const guard = new ProofGuard({ memory: new LocalProofMemory(), clock: { now: () => Date.now() } })
 * const proof = await guard.check({ method: 'POST', url: 'https://auth.example.com/oauth/token', headers })
 * if (proof.outcome === 'sound' && (await proof.spend())) bind(proof.keyThumbprint)
 * ```
 */
export class ProofGuard {
  readonly #options: ProofGuardOptions
  readonly #hashing: Hashing
  readonly #keys: ProofKeys
  readonly #nonces: ProofNonces | undefined
  readonly #maxAgeMs: number
  readonly #leewayMs: number

  constructor(options: ProofGuardOptions) {
    const { nonces, engine, maxAgeSeconds = 60, leewaySeconds = 5 } = options
    this.#options = options
    this.#hashing = selectHashing(engine)
    this.#keys = new ProofKeys(selectEngine(engine), this.#hashing)
    this.#maxAgeMs = maxAgeSeconds * 1000
    this.#leewayMs = leewaySeconds * 1000
    if (nonces === undefined) return
    this.#nonces = new ProofNonces({ ...nonces, slotMs: nonces.slotSeconds * 1000, hashing: this.#hashing })
  }

  /** The nonce to hand out with an answer, where one is asked of everybody. */
  nonce(): Eventually<string> | undefined {
    return this.#options.nonces?.need === 'required' ? this.#nonces?.at(this.#options.clock.now()) : undefined
  }

  /** Checks the proof of a request, and that it is for the token that comes along. There at once, unless the engine is `web`. Never rejects. */
  check(request: ProvenRequest, bound?: BoundToken): Eventually<SoundProof | BadProof> {
    const sole = soleProof(request.headers)
    if (typeof sole === 'string') return this.#refuse(sole)
    const proof = parseProof(sole.text)
    if (proof === undefined) return this.#refuse('malformed')
    return whenReady(this.#keys.open(proof.header), (key) => {
      if (typeof key === 'string') return this.#refuse(key)
      return whenReady(key.check(proof.jws), (isGenuine) => {
        if (!isGenuine) return this.#refuse('bad-signature')
        this.#keys.keep(proof.header, key)
        return this.#judge(proof, key, request, bound)
      })
    })
  }

  #judge(
    { claims }: Proof,
    key: ReadyKey,
    { method, url }: ProvenRequest,
    bound: BoundToken | undefined,
  ): Eventually<SoundProof | BadProof> {
    const { origins = [], clock, nonces } = this.#options
    const now = clock.now()
    const { keyThumbprint } = key
    return whenReady(this.#hashed(bound), (hashed) =>
      whenReady(this.#nonceUntil(claims.nonce, now), (nonceUntil) => {
        const fault = decideProof(claims, {
          method,
          targets: targetsOf(url, origins),
          target: normaliseTarget(claims.htu),
          keyThumbprint,
          bound: hashed,
          nonces: nonces?.need ?? 'none',
          isOurNonce: nonceUntil !== undefined,
          now,
          maxAgeMs: this.#maxAgeMs,
          leewayMs: this.#leewayMs,
        })
        if (fault !== undefined) return this.#refuse(fault)
        return { outcome: 'sound', keyThumbprint, spend: () => this.#spend(claims, keyThumbprint, nonceUntil) }
      }),
    )
  }

  #hashed(bound: BoundToken | undefined): Eventually<{ tokenHash: string; keyThumbprint: string } | undefined> {
    if (bound === undefined) return undefined
    const { keyThumbprint } = bound
    return whenReady(this.#hashing.sha256(bound.token), (tokenHash) => ({ tokenHash, keyThumbprint }))
  }

  #nonceUntil(nonce: string | undefined, now: number): Eventually<number | undefined> {
    return nonce === undefined ? undefined : this.#nonces?.acceptedUntil(nonce, now)
  }

  /** Until nobody would accept it any more, by a clock that is behind: an instant that comes from the proof, and is the same at every node. */
  #spend({ jti, iat }: ProofClaims, keyThumbprint: string, nonceUntil: number | undefined): Eventually<boolean> {
    const { clock, memory } = this.#options
    const ownUntil = nonceUntil ?? iat * 1000 + this.#maxAgeMs + this.#leewayMs
    const until = Math.ceil(ownUntil + this.#leewayMs)
    return whenReady(this.#hashing.sha256(`${keyThumbprint}.${jti}`), (id) =>
      memory.remember(id, until, clock.now(), keyThumbprint),
    )
  }

  #refuse(fault: ProofFault): Eventually<BadProof> {
    const nonce = fault === 'nonce-needed' ? this.#nonces?.at(this.#options.clock.now()) : undefined
    return whenReady(nonce, (had) => ({ outcome: 'refused', fault, ...(had !== undefined && { nonce: had }) }))
  }
}
