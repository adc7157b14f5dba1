import { opaqueTokenKind } from '@counterfoil/protocol'
import { TokenCache, type CachedToken, type CacheStatus } from './cache.ts'
import { isAccessTokenType } from './claims.ts'
import { REFUSED, type Decision } from './decision.ts'
import { whenReady, type Eventually } from './eventually.ts'
import { parseJws, type Jws } from './jws.ts'
import { judgeToken, readToken, type VerifyOptions } from './judgement.ts'
import { KeyRing, type VerificationKey } from './key-ring.ts'
import type { VerifierOptions } from './options.ts'
import { readSettings, type Settings } from './settings.ts'
import { Tally, type DecisionCounts } from './tally.ts'
import type { KeysStatus, KeysUnavailable } from './trusted-keys.ts'
import { assertKnown } from './validation.ts'
import { isSignedBy } from './verify-jws.ts'

/** How a verifier stands. */
export interface VerifierStatus {
  /** There is no feed: this verifier does not learn of revocations. */
  readonly feed: 'none'
  /** So an ended session's access token is accepted until it expires. */
  readonly bound: 'token expiry'
  readonly decisions: DecisionCounts
  readonly keys: KeysStatus
  readonly cache: CacheStatus
}

/** Decides about credentials. */
export interface Verifier {
  /**
   * Decides about an access token, without the `Bearer` before it. The decision is there at once, unless keys have to
   * be had first or the engine is `web`: then it is a promise, so `await` it always. It never rejects.
   *
   * @throws {TypeError} when `options` holds what is no option, or an audience that is none of the verifier's.
   */
  verify(credential: string | undefined, options?: VerifyOptions): Decision | Promise<Decision>
  status(): VerifierStatus
}

/** A key that signed, and the ring that holds it. */
interface Signer {
  readonly key: VerificationKey
  readonly ring: KeyRing
}

type Search = Signer | KeysUnavailable | undefined

const CALL_OPTIONS = ['maxAuthAgeSeconds', 'audience']

class LocalVerifier implements Verifier {
  readonly #settings: Settings
  readonly #cache: TokenCache
  readonly #tally = new Tally()

  constructor(settings: Settings) {
    this.#settings = settings
    this.#cache = new TokenCache(settings.cache)
  }

  verify(credential: string | undefined, call?: VerifyOptions): Decision | Promise<Decision> {
    if (call !== undefined) this.#assertCall(call)
    if (typeof credential !== 'string' || credential === '') return this.#tally.count(REFUSED.absent)
    const { keys, clock } = this.#settings
    const ring = keys.current(clock.now())
    if (ring instanceof Promise) return ring.then((had) => this.#verifyBy(had, credential, call))
    return this.#verifyBy(ring, credential, call)
  }

  status(): VerifierStatus {
    const counted = { decisions: this.#tally.counts(), keys: this.#settings.keys.status(), cache: this.#cache.status() }
    return { feed: 'none', bound: 'token expiry', ...counted }
  }

  #assertCall(call: VerifyOptions): void {
    assertKnown(call, CALL_OPTIONS)
    const { maxAuthAgeSeconds, audience } = call
    if (maxAuthAgeSeconds !== undefined && !(maxAuthAgeSeconds >= 0)) {
      throw new TypeError('maxAuthAgeSeconds must be a number from 0 on')
    }
    if (audience !== undefined && !this.#settings.expected.audiences.includes(audience)) {
      throw new TypeError("audience must be one of the verifier's")
    }
  }

  #verifyBy(
    ring: KeyRing | KeysUnavailable,
    credential: string,
    call: VerifyOptions | undefined,
  ): Eventually<Decision> {
    const recalled = ring instanceof KeyRing ? this.#recall(credential, ring, call) : undefined
    if (recalled !== undefined) return this.#tally.count(recalled)
    return whenReady(this.#decide(credential, ring, call), (decision) => this.#tally.count(decision))
  }

  #recall(token: string, ring: KeyRing, call: VerifyOptions | undefined): Decision | undefined {
    const cached = this.#cache.find(token)
    if (cached === undefined) return undefined
    if (cached.ring !== ring && !this.#isStillTrusted(cached, ring)) return undefined
    const { clock, expected } = this.#settings
    const decision = judgeToken(cached.checked, clock.now(), expected.leewayMs, call)
    if (decision === REFUSED.expired) this.#cache.drop(token)
    return decision
  }

  #isStillTrusted(cached: CachedToken, ring: KeyRing): boolean {
    const isTrusted = ring.find(cached.key.fingerprint) !== undefined
    if (isTrusted) cached.ring = ring
    else this.#cache.drop(cached.token)
    return isTrusted
  }

  #decide(credential: string, ring: KeyRing | KeysUnavailable, call: VerifyOptions | undefined): Eventually<Decision> {
    const opaque = opaqueTokenKind(credential)
    if (opaque !== undefined) return opaque === 'session' ? REFUSED.opaque : REFUSED['wrong-type']
    const jws = parseJws(credential)
    if (jws === undefined) return REFUSED.malformed
    if (!isAccessTokenType(jws.header.typ)) return REFUSED['wrong-type']
    if (!this.#settings.algorithms.has(jws.header.alg)) return REFUSED.untrusted
    return whenReady(this.#search(jws, ring), (found) => this.#decideWith(jws, found, call))
  }

  #search(jws: Jws, ring: KeyRing | KeysUnavailable): Eventually<Search> {
    if (!(ring instanceof KeyRing)) return ring
    const { kid } = jws.header
    const key = ring.select(kid)
    if (key !== undefined || kid === undefined) return key && { key, ring }
    const { keys, clock } = this.#settings
    return whenReady(keys.lookAgain(clock.now()), (newer) => {
      const found = newer instanceof KeyRing ? newer.select(kid) : undefined
      if (newer instanceof KeyRing) return found && { key: found, ring: newer }
      return newer
    })
  }

  #decideWith(jws: Jws, found: Search, call: VerifyOptions | undefined): Eventually<Decision> {
    if (found === undefined) return REFUSED.untrusted
    if (!('key' in found)) return { outcome: 'unknown', retryAfterMs: found.retryAfterMs }
    return whenReady(isSignedBy(found.key, jws), (isGenuine) =>
      isGenuine ? this.#decideGenuine(jws, found, call) : REFUSED.untrusted,
    )
  }

  /** The signature is in order; only now is anything in the token read. */
  #decideGenuine(jws: Jws, { key, ring }: Signer, call: VerifyOptions | undefined): Decision {
    const { expected, clock } = this.#settings
    const checked = readToken(jws.payload, expected)
    if ('outcome' in checked) return checked
    const decision = judgeToken(checked, clock.now(), expected.leewayMs, call)
    if (decision.outcome === 'accepted') this.#cache.keep({ token: jws.compact, checked, key, ring })
    return decision
  }
}

/**
 * Makes a verifier of the access tokens (RFC 9068) of one issuer, for one service. All options are validated here;
 * nothing is fetched before the first check.
 *
 * It has no feed yet: an access token is accepted until it expires, and `status()` says so.
 *
 * @throws {TypeError} that names the option which is missing, wrong or unknown.
 * @example
 * ```ts
 * const verifier = createVerifier({ issuer: 'https://auth.example.com', audience: 'https://orders.example.com' })
 *
 * const decision = await verifier.verify(credential, { maxAuthAgeSeconds: 900 })
 * switch (decision.outcome) {
 *   case 'accepted':
 *     return decision.identity.accountId
 *   case 'refused':
 *     return respond(401, decision.reason)
 *   case 'unknown':
 *     return respond(503, decision.retryAfterMs)
 * }
 * ```
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return new LocalVerifier(readSettings(options))
}
