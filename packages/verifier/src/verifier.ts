import { opaqueTokenKind } from '@counterfoil/protocol'
import { TokenCache, type CachedToken, type CacheStatus } from './cache.ts'
import { isAccessTokenType } from './claims.ts'
import { REFUSED, type Accepted, type Decision } from './decision.ts'
import { whenReady, type Eventually } from './eventually.ts'
import { Authority } from './feed/authority.ts'
import { Following } from './feed/following.ts'
import { OpenWorks } from './feed/open-work.ts'
import { FreshDecisions, NO_FEED, type FeedStanding } from './fresh-decisions.ts'
import { parseJws, type Jws } from './jws.ts'
import { judgeToken, readToken, type VerifyOptions } from './judgement.ts'
import { KeyRing, type VerificationKey } from './key-ring.ts'
import type { VerifierOptions } from './options.ts'
import { proveOnce } from './proof/prove-once.ts'
import { assertCall } from './calls.ts'
import { readSettings, type FeedSettings, type Settings } from './settings.ts'
import { Tally, type DecisionCounts } from './tally.ts'
import type { KeysStatus, KeysUnavailable } from './trusted-keys.ts'
import { isSignedBy } from './verify-jws.ts'

/** How a verifier stands. */
export interface VerifierStatus extends FeedStanding {
  readonly decisions: DecisionCounts
  readonly keys: KeysStatus
  readonly cache: CacheStatus
}

/** Decides about credentials. */
export interface Verifier {
  /**
   * Decides about a credential, without the `Bearer` before it: an access token, or with the feed a session token too. The decision is there
   * at once, unless something has to be had first or the engine is `web`: then it is a promise, so `await` it always. It never rejects.
   *
   * @throws {TypeError} when `options` holds what is no option, or an audience that is none of the verifier's.
   */
  verify(credential: string | undefined, options?: VerifyOptions): Decision | Promise<Decision>
  status(): VerifierStatus
  /** Stops following the log. When the lease is over, this verifier can tell no more. */
  close(): void
}

/** A key that signed, and the ring that holds it. */
interface Signer {
  readonly key: VerificationKey
  readonly ring: KeyRing
}

type Search = Signer | KeysUnavailable | undefined

class LocalVerifier implements Verifier {
  readonly #settings: Settings
  readonly #cache: TokenCache
  readonly #tally = new Tally()
  readonly #works: OpenWorks
  readonly #following: Following | undefined
  readonly #fresh: FreshDecisions

  constructor(settings: Settings) {
    const { clock, feed } = settings
    this.#settings = settings
    this.#cache = new TokenCache(settings.cache)
    this.#works = new OpenWorks(clock)
    this.#following = feed && follow(feed, settings, this.#works)
    this.#fresh = new FreshDecisions({
      settings,
      tally: this.#tally,
      works: this.#works,
      following: this.#following,
    })
    this.#following?.start()
  }

  verify(credential: string | undefined, call?: VerifyOptions): Decision | Promise<Decision> {
    if (call !== undefined) assertCall(call, this.#settings.expected.audiences)
    if (typeof credential !== 'string' || credential === '') return this.#tally.count(REFUSED.absent)
    const { keys, clock } = this.#settings
    const ring = keys.current(clock.now())
    if (ring instanceof Promise) return ring.then((had) => this.#verifyBy(had, credential, call))
    return this.#verifyBy(ring, credential, call)
  }

  status(): VerifierStatus {
    const counted = { decisions: this.#tally.counts(), keys: this.#settings.keys.status(), cache: this.#cache.status() }
    return { ...this.#fresh.status(), ...counted }
  }

  close(): void {
    this.#following?.close()
    this.#works.close()
  }

  #verifyBy(
    ring: KeyRing | KeysUnavailable,
    credential: string,
    call: VerifyOptions | undefined,
  ): Eventually<Decision> {
    const recalled = ring instanceof KeyRing ? this.#recall(credential, ring, call) : undefined
    // No function is made where the decision is there at once.
    if (recalled !== undefined && !(recalled instanceof Promise) && !this.#needsProof(recalled, call))
      return this.#tally.count(recalled)
    return whenReady(recalled ?? this.#decide(credential, ring, call), (decision) =>
      this.#needsProof(decision, call)
        ? whenReady(this.#prove(decision, credential, call), (proven) => this.#tally.count(proven))
        : this.#tally.count(decision),
    )
  }

  /** Whether the binding is left to look at; not so where a credential is bound to no key and came as a bearer token, unless none of these is taken. */
  #needsProof(decision: Decision, call: VerifyOptions | undefined): decision is Accepted {
    if (decision.outcome !== 'accepted') return false
    return call?.proof !== undefined || this.#settings.requiresProof || decision.identity.claims?.cnf !== undefined
  }

  /** Whether the client has the key that an accepted credential is bound to: looked at last, so that only then anything is remembered of the proof. */
  #prove(accepted: Accepted, token: string, call: VerifyOptions | undefined): Eventually<Decision> {
    const keyThumbprint = accepted.identity.claims?.cnf?.jkt
    const { proof } = call ?? {}
    if (proof === 'waived') return accepted
    if (keyThumbprint === undefined)
      return proof === undefined ? { ...REFUSED['invalid-proof'], fault: 'absent' } : REFUSED.unbound
    if (proof === undefined) return REFUSED.bound
    return whenReady(
      proveOnce(this.#settings.proofs, proof, { token, keyThumbprint }),
      (refused) => refused ?? accepted,
    )
  }

  #recall(token: string, ring: KeyRing, call: VerifyOptions | undefined): Eventually<Decision> | undefined {
    const cached = this.#cache.find(token)
    if (cached === undefined) return undefined
    if (cached.ring !== ring && !this.#isStillTrusted(cached, ring)) return undefined
    return this.#conclude(cached, call)
  }

  #isStillTrusted(cached: CachedToken, ring: KeyRing): boolean {
    const isTrusted = ring.find(cached.key.fingerprint) !== undefined
    if (isTrusted) cached.ring = ring
    else this.#cache.drop(cached.token)
    return isTrusted
  }

  /** What is left to judge of a token whose signature is in order. */
  #conclude(token: CachedToken, call: VerifyOptions | undefined): Eventually<Decision> {
    const { clock, expected } = this.#settings
    const now = clock.now()
    const refused = judgeToken(token.checked, now, expected.leewayMs, call)
    if (refused === REFUSED.expired) this.#cache.drop(token.token)
    if (refused !== undefined) return refused
    return this.#following === undefined ? token.acceptances.in(NO_FEED) : this.#fresh.conclude(token, call, now)
  }

  #decide(credential: string, ring: KeyRing | KeysUnavailable, call: VerifyOptions | undefined): Eventually<Decision> {
    const opaque = opaqueTokenKind(credential)
    if (opaque !== undefined)
      return opaque === 'session' ? this.#fresh.decideOpaque(credential, call) : REFUSED['wrong-type']
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
    if (!('key' in found)) return { outcome: 'unknown', reason: 'keys-unavailable', retryAfterMs: found.retryAfterMs }
    return whenReady(isSignedBy(found.key, jws), (isGenuine) =>
      isGenuine ? this.#decideGenuine(jws, found, call) : REFUSED.untrusted,
    )
  }

  /** The signature is in order; only now is anything in the token read, and only now is it asked whether that still holds. */
  #decideGenuine(jws: Jws, { key, ring }: Signer, call: VerifyOptions | undefined): Eventually<Decision> {
    const checked = readToken(jws.payload, this.#settings.expected)
    if ('outcome' in checked) return checked
    const token: CachedToken = {
      ...this.#fresh.candidate(jws.compact, checked, key.kid),
      key,
      ring,
    }
    return whenReady(this.#conclude(token, call), (decision) => {
      if (decision.outcome === 'accepted') this.#cache.keep(token)
      return decision
    })
  }
}

function follow(feed: FeedSettings, { clock }: Settings, works: OpenWorks): Following {
  return new Following({
    settings: feed.follower,
    authority: new Authority(feed.authority),
    now: () => ({ monotonic: clock.monotonic(), wall: clock.now() }),
    after: clock.after,
    maxRecords: feed.maxRecords,
    works,
    onEvent: feed.onEvent,
  })
}

/**
 * Makes a verifier of the credentials of one issuer, for one service. All options are validated here.
 *
 * With `feed` it follows the revocation log: it decides without asking anybody as long as it holds a lease, and a revocation is obeyed within
 * `τ/(1−ρ)` of its commit, typically within milliseconds. Without, an access token is accepted until it expires, and `status()` says so.
 *
 * @throws {TypeError} that names the option which is missing, wrong or unknown.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://orders.example.com',
 *   feed: { key: process.env.VERIFIER_KEY },
 * })
 *
 * const decision = await verifier.verify(credential, { maxAuthAgeSeconds: 900, onStale: 'reject' })
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
