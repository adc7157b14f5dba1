import { boundMs, elapsedMs, type Instant } from '@counterfoil/protocol'
import { Acceptances, MANNERS, type Manner } from './acceptance.ts'
import type { Candidate } from './candidate.ts'
import { isFor } from './claims.ts'
import { REFUSED, type Decision, type Unknown, type UnknownReason } from './decision.ts'
import type { Eventually } from './eventually.ts'
import type { FeedStatus, Following, FeedVerdict } from './feed/following.ts'
import { WorkEnded, type OpenWorks, type Work } from './feed/open-work.ts'
import { Introspector, type IntrospectionAnswer } from './introspection.ts'
import { judgeToken, type Checked, type OnStale, type VerifyOptions } from './judgement.ts'
import { OpaqueCache } from './opaque-cache.ts'
import type { Settings } from './settings.ts'
import type { Tally } from './tally.ts'

/** How a verifier stands with the revocation log. */
export interface FeedStanding {
  /** `none`: this verifier does not learn of revocations. */
  readonly feed: FeedStatus | 'none'
  /** Within what time a revocation is obeyed, in milliseconds; `token expiry` without the feed. Undefined before the first lease. */
  readonly bound: number | 'token expiry' | undefined
}

/** What decisions by the feed are made of. */
export interface FreshParts {
  readonly settings: Settings
  readonly tally: Tally
  readonly works: OpenWorks
  readonly following: Following | undefined
}

/** How credentials are accepted where there is no feed. */
export const NO_FEED: Manner = MANNERS.unfollowed

const RETRY_AFTER_MS = 1000

/** Decides whether what is in order has been revoked: by the feed, and where that cannot tell, by what the route wants then. */
export class FreshDecisions {
  readonly #parts: FreshParts
  readonly #introspector: Introspector | undefined
  readonly #opaque = new OpaqueCache()

  constructor(parts: FreshParts) {
    this.#parts = parts
    this.#introspector = parts.settings.feed && new Introspector(parts.settings.feed.authority)
  }

  status(): FeedStanding {
    const feed = this.#parts.following?.status()
    if (feed === undefined) return { feed: 'none', bound: 'token expiry' }
    return { feed, bound: feed.leaseMs === undefined ? undefined : boundMs(feed.leaseMs) }
  }

  candidate(token: string, checked: Checked, keyId: string | undefined): Candidate {
    const { leewayMs } = this.#parts.settings.expected
    const acceptances = new Acceptances({ checked, keyId, leewayMs, open: (work) => this.#open(work) })
    return { token, checked, keyId, acceptances, clearAt: -1 }
  }

  /** Decides about a token that is in order at `now`, the wall clock as it was read after the signature work. */
  conclude(token: Candidate, call: VerifyOptions | undefined, now: number): Eventually<Decision> {
    const { following, settings } = this.#parts
    if (following === undefined) return token.acceptances.in(NO_FEED)
    const onStale = call?.onStale ?? settings.onStale
    const manner = onStale === 'reject' ? MANNERS.freshOnly : MANNERS.fresh
    const monotonic = settings.clock.monotonic()
    const { version } = following.view
    // What no record covered is clear as long as there is no other record, and a lease.
    const isClear = token.clearAt === version && call?.minPosition === undefined
    if (isClear && following.holds(monotonic, now)) return token.acceptances.in(manner)
    const verdict = this.#judge(token, following, call, { monotonic, wall: now })
    if (verdict === 'revoked') return REFUSED.revoked
    if (verdict === 'clear') return token.acceptances.in(manner)
    return this.#concludeLater(token, following, call, onStale)
  }

  /** A session token: by what the issuer said of it a moment ago, or says now. */
  decideOpaque(token: string, call: VerifyOptions | undefined): Eventually<Decision> {
    const { following, settings } = this.#parts
    if (following === undefined) return REFUSED.opaque
    const now = this.#now()
    const known = this.#opaque.find(token)
    if (known !== undefined && elapsedMs(known.askedAt, now) < (following.leaseMs ?? 0)) {
      const refused = judgeToken(known.checked, now.wall, settings.expected.leewayMs, call)
      if (refused !== undefined) return refused
      const verdict = this.#judge(known, following, call, now)
      if (verdict === 'revoked') return REFUSED.revoked
      if (verdict === 'clear') return known.acceptances.in(MANNERS.fresh)
    }
    return this.#askAboutOpaque(token, call)
  }

  #now(): Instant {
    const { clock } = this.#parts.settings
    return { monotonic: clock.monotonic(), wall: clock.now() }
  }

  #judge(token: Candidate, following: Following, call: VerifyOptions | undefined, now: Instant): FeedVerdict {
    const verdict = following.judge(token.checked.subject, token.keyId, now, call?.minPosition)
    if (verdict === 'clear') token.clearAt = following.view.version
    return verdict
  }

  /** Waits where that helps, looks once more, and does then what the route wants when nobody can tell. */
  async #concludeLater(
    token: Candidate,
    following: Following,
    call: VerifyOptions | undefined,
    onStale: OnStale,
  ): Promise<Decision> {
    await following.catchUp(this.#now(), call?.minPosition)
    const now = this.#now()
    const refused = judgeToken(token.checked, now.wall, this.#parts.settings.expected.leewayMs, call)
    if (refused !== undefined) return refused
    const verdict = this.#judge(token, following, call, now)
    if (verdict === 'revoked') return REFUSED.revoked
    const manner = onStale === 'reject' ? MANNERS.freshOnly : MANNERS.fresh
    if (verdict === 'clear') return token.acceptances.in(manner)
    const reason = reasonOf(following, now)
    if (onStale === 'reject') return unknown(reason)
    if (onStale === 'introspect') return this.#askAboutToken(token, reason)
    // What has never heard from its server knows nothing at all, and a place in the log cannot be had by looking away.
    if (!following.everHeld || call?.minPosition !== undefined) return unknown(reason)
    this.#parts.tally.noteStale()
    return token.acceptances.in(MANNERS.unfollowed)
  }

  async #askAboutToken(token: Candidate, reason: UnknownReason): Promise<Decision> {
    const answer = await this.#introspector?.ask(token.token, this.#now())
    if (answer?.said === 'inactive') return REFUSED.revoked
    return answer === undefined || answer.said === 'unreachable' || this.#isOld(answer)
      ? unknown(reason)
      : token.acceptances.in(MANNERS.fresh)
  }

  async #askAboutOpaque(token: string, call: VerifyOptions | undefined): Promise<Decision> {
    const answer = await this.#introspector?.ask(token, this.#now())
    const { following, settings } = this.#parts
    const now = this.#now()
    if (answer?.said === 'inactive') return REFUSED.revoked
    if (answer === undefined || answer.said === 'unreachable' || this.#isOld(answer))
      return unknown(following === undefined ? 'never-connected' : reasonOf(following, now))
    const { said, askedAt } = answer
    const { audiences, leewayMs } = settings.expected
    if (!isFor({ aud: said.audience }, audiences)) return REFUSED['wrong-audience']
    const refused = judgeToken(said, now.wall, leewayMs, call)
    if (refused !== undefined) return refused
    const candidate = this.candidate(token, said, undefined)
    this.#opaque.keep(candidate, askedAt)
    return candidate.acceptances.in(MANNERS.fresh)
  }

  /** An answer can lie in a buffer, or before a stopped process, for any time: then it says nothing of the present. */
  #isOld({ askedAt }: IntrospectionAnswer): boolean {
    const { following, settings } = this.#parts
    const goodForMs = following?.leaseMs ?? settings.feed?.authority.timeoutMs ?? 0
    return elapsedMs(askedAt, this.#now()) >= goodForMs
  }

  /** A signal for work under a credential that may have ended since it was accepted. */
  #open(work: Work): AbortSignal {
    const { following, works } = this.#parts
    if (following?.view.covers(work.subject, work.keyId) === true) return AbortSignal.abort(new WorkEnded('revoked'))
    const { monotonic, wall } = this.#now()
    if (work.endsWhenStale && following?.holds(monotonic, wall) === false)
      return AbortSignal.abort(new WorkEnded('stale'))
    const signal = works.open(work)
    following?.attend()
    return signal
  }
}

function reasonOf(following: Following, { monotonic, wall }: Instant): UnknownReason {
  if (!following.everHeld) return 'never-connected'
  return following.holds(monotonic, wall) ? 'behind' : 'stale'
}

function unknown(reason: UnknownReason): Unknown {
  return { outcome: 'unknown', reason, retryAfterMs: RETRY_AFTER_MS }
}
