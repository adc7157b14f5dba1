import { type LeaseAnswer, type LogHead, type Revocation, elapsedMs, type Instant } from '@counterfoil/protocol'
import { describe, type ChannelListener } from './authority.ts'
import {
  applyFeedEvent,
  holdsLease,
  newFollower,
  nextTickAt,
  type FeedEffect,
  type FeedEvent,
  type FollowerSettings,
  type FollowerState,
} from './follower.ts'
import { FeedMeter, type FeedFigures } from './meter.ts'
import type { OpenWorks } from './open-work.ts'
import { RevocationView, type TokenSubject } from './view.ts'

/** The authority, however it is reached. */
export interface AuthorityPort {
  /** Undefined: the answer cannot be read. Rejects when there is none. */
  ask(applied: LogHead | undefined, signal: AbortSignal): Promise<LeaseAnswer | undefined>
  listen(after: LogHead, listener: ChannelListener, signal: AbortSignal): Promise<void>
}

/** What following is made of. */
export interface FollowingParts {
  readonly settings: FollowerSettings
  readonly authority: AuthorityPort
  readonly now: () => Instant
  /** Calls back once after this many milliseconds; calling what it returns keeps it from happening. */
  readonly after: (ms: number, act: () => void) => () => void
  readonly maxRecords: number
  /** What records end. */
  readonly works: OpenWorks
  readonly onEvent: (event: FeedNotice) => void
  /** What moves the follower on, and where it keeps what it knows. Only those who try what goes wrong give others. */
  readonly step?: typeof applyFeedEvent
  readonly view?: RevocationView
}

/** Something that operators may want to know of when it happens. Durations in milliseconds. */
export type FeedNotice =
  | { readonly kind: 'lease-held'; readonly position: number; readonly staleMs: number | undefined }
  | { readonly kind: 'lease-lost'; readonly error: string | undefined }
  | { readonly kind: 'applied'; readonly records: number; readonly by: 'push' | 'lease'; readonly lagMs: number }
  | { readonly kind: 'gap'; readonly error: string | undefined }
  | { readonly kind: 'snapshot'; readonly position: number }
  | { readonly kind: 'channel'; readonly state: 'open' | 'closed'; readonly error: string | undefined }

/** What can be said of a token by what is known here and now. */
export type FeedVerdict = 'clear' | 'revoked' | 'stale'

/** How a feed stands. Durations in milliseconds. */
export interface FeedStatus extends FeedFigures {
  readonly mode: FollowerSettings['mode']
  /** Whether decisions can be made right now without asking. */
  readonly holding: boolean
  /** How long ago the lease began; undefined before the first one. */
  readonly leaseAgeMs: number | undefined
  readonly leaseMs: number | undefined
  readonly incarnation: string | undefined
  readonly position: number | undefined
  /** Tokens from before this place in the log are asked about. */
  readonly floor: number
  readonly records: number
  readonly bytes: number
  readonly channel: 'closed' | 'opening' | 'open'
  /** Signals that were asked for and have not fired. */
  readonly openSignals: number
  readonly gaps: number
  readonly snapshots: number
  /** Requests in a row that failed, and what the last one said. */
  readonly failures: number
  readonly error: string | undefined
}

/** Follows the log of one issuer: keeps a view of it, and a lease on that view. */
export class Following {
  readonly view: RevocationView
  readonly #parts: FollowingParts
  readonly #meter: FeedMeter
  #state: FollowerState
  /** Of the lease in force: when it began by both clocks, and how long it is. Numbers, since each check reads them. */
  #sinceMonotonic = -Infinity
  #sinceWall = -Infinity
  #lengthMs = 0
  #everHeld = false
  #wasHolding = false
  #cancelTick: (() => void) | undefined
  #channel: AbortController | undefined
  /** Made for each request: some platforms let nobody use what belongs to another one's. */
  #asking: AbortController | undefined
  #isClosed = false
  readonly #waiting = new Set<() => void>()

  constructor(parts: FollowingParts) {
    this.#parts = parts
    this.view = parts.view ?? new RevocationView(parts.maxRecords)
    this.#state = newFollower(parts.settings)
    this.#meter = new FeedMeter(parts.now())
  }

  /** Begins. A follower on demand does nothing before somebody wants to know. */
  start(): void {
    if (this.#parts.settings.mode === 'background') this.#happen({ kind: 'tick' })
  }

  /** Ends: nothing is asked any more, and when the lease is over nothing is decided. */
  close(): void {
    this.#cancelTick?.()
    this.#isClosed = true
    this.#asking?.abort()
    this.#channel?.abort()
  }

  /** Whether what is known here suffices to decide now. The clocks are to be read after the signature work. */
  holds(monotonic: number, wall: number): boolean {
    return monotonic - this.#sinceMonotonic < this.#lengthMs && wall - this.#sinceWall < this.#lengthMs
  }

  /** What is to be said of a token now. A record that is known holds with or without a lease. */
  judge(subject: TokenSubject, keyId: string | undefined, now: Instant, minPosition: LogHead | undefined): FeedVerdict {
    if (this.view.covers(subject, keyId)) return 'revoked'
    if (!this.holds(now.monotonic, now.wall) || !this.view.canJudge(subject)) return 'stale'
    return minPosition === undefined || this.reaches(minPosition) ? 'clear' : 'stale'
  }

  /** Whether the view has come to this place in the log (G3). */
  reaches({ incarnation, position }: LogHead): boolean {
    const { head } = this.view
    return head?.incarnation === incarnation && head.position >= position
  }

  /** Whether there ever was a lease: before that nothing is known at all. */
  get everHeld(): boolean {
    return this.#everHeld
  }

  /**
   * A promise worth waiting for when a token cannot be judged: the first lease, the lease that a follower on demand fetches, or the place in
   * the log that was asked for. Undefined when waiting would not help.
   */
  catchUp(now: Instant, minPosition: LogHead | undefined): Promise<void> | undefined {
    if (this.#isClosed) return undefined
    const { mode } = this.#parts.settings
    const holding = this.holds(now.monotonic, now.wall)
    const isBehind = minPosition !== undefined && holding && !this.reaches(minPosition)
    if (isBehind) this.#state = { ...this.#state, askAgain: true }
    if (isBehind || (mode === 'on-demand' && !holding)) this.#happen({ kind: 'wanted' })
    const isWorthIt = isBehind || mode === 'on-demand' || !this.#everHeld
    return isWorthIt && this.#state.asking !== undefined ? this.#untilSettled() : undefined
  }

  /** How long a lease is, as the authority said last. */
  get leaseMs(): number | undefined {
    return this.#state.leaseMs
  }

  /** Something is open under a credential from now on: its end is to be noticed also where nobody asks. */
  attend(): void {
    if (this.#parts.settings.mode === 'on-demand') this.#scheduleTick(this.#parts.now())
  }

  status(): FeedStatus {
    const now = this.#parts.now()
    const { settings, lease, leaseMs, channel, gaps, snapshots, failures, error } = this.#state
    const { head, floor, records, bytes } = this.view
    return {
      ...this.#meter.figures(now),
      mode: settings.mode,
      holding: this.holds(now.monotonic, now.wall),
      leaseAgeMs: lease && elapsedMs(lease.since, now),
      leaseMs,
      incarnation: head?.incarnation,
      position: head?.position,
      floor,
      records,
      bytes,
      channel: channel.state,
      openSignals: this.#parts.works.size,
      gaps,
      snapshots,
      failures,
      error,
    }
  }

  #happen(event: FeedEvent): void {
    const now = this.#parts.now()
    const before = this.#state
    const { step = applyFeedEvent } = this.#parts
    const { state, effects } = step(before, event, now)
    this.#state = state
    if (state.gaps > before.gaps) this.#parts.onEvent({ kind: 'gap', error: state.error })
    const known = this.view.head
    // The view is brought on before the lease that rests on it holds.
    for (const effect of effects) this.#carryOut(effect, now)
    if (effects.some(({ kind }) => kind === 'reset')) this.#endDoubtful(known)
    this.#takeLease(state)
    this.#noteLease(now)
    this.view.sweep(now.monotonic, state.retainMs)
    this.#scheduleTick(now)
    this.#noteChannel(before, state, event)
    if (effects.some(({ kind }) => kind === 'settled')) this.#wake()
  }

  #noteChannel(before: FollowerState, after: FollowerState, event: FeedEvent): void {
    const { state } = after.channel
    if (state === before.channel.state || state === 'opening') return
    const error = event.kind === 'channel-closed' ? event.error : undefined
    this.#parts.onEvent({ kind: 'channel', state, error })
  }

  /** A snapshot leaves old records out: what is open goes on only if none of them was missed here, or none can concern it. */
  #endDoubtful(known: LogHead | undefined): void {
    const { head, floor } = this.view
    const { works } = this.#parts
    if (known !== undefined && known.incarnation === head?.incarnation && known.position >= floor) return
    works.endDoubtful((subject) => this.view.canJudge(subject))
  }

  #takeLease({ lease }: FollowerState): void {
    this.#sinceMonotonic = lease?.since.monotonic ?? -Infinity
    this.#sinceWall = lease?.since.wall ?? -Infinity
    this.#lengthMs = lease?.lengthMs ?? 0
  }

  #noteLease(now: Instant): void {
    const holding = holdsLease(this.#state, now)
    if (holding === this.#wasHolding) return
    this.#wasHolding = holding
    const staleMs = this.#meter.holding(holding, now)
    if (holding) {
      const wasEver = this.#everHeld
      this.#everHeld = true
      this.#parts.onEvent({
        kind: 'lease-held',
        position: this.view.head?.position ?? 0,
        staleMs: wasEver ? staleMs : undefined,
      })
    } else {
      this.#parts.works.endStale()
      this.#parts.onEvent({ kind: 'lease-lost', error: this.#state.error })
    }
  }

  #carryOut(effect: FeedEffect, now: Instant): void {
    switch (effect.kind) {
      case 'reset':
        // Whoever is told of it, and decides at once, must find no lease on an empty view.
        this.#lengthMs = 0
        this.view.reset(effect.head.incarnation, effect.head.position)
        return this.#parts.onEvent({ kind: 'snapshot', position: effect.head.position })
      case 'apply':
        return this.#apply(effect.records, effect.by, now)
      case 'ask':
        return this.#ask(effect.id, effect.applied)
      case 'open-channel':
        return this.#open(effect.channel, effect.after)
      case 'close-channel':
        this.#channel?.abort()
        return undefined
      case 'settled':
        return undefined
    }
  }

  #apply(records: readonly Revocation[], by: 'push' | 'lease', now: Instant): void {
    this.view.apply(records, now.monotonic, this.#state.retainMs)
    if (records.length === 0) return
    const lagMs = this.#meter.applied(records, now)
    const { works } = this.#parts
    if (works.size > 0) works.endCovered((subject, keyId) => this.view.covers(subject, keyId))
    this.#parts.onEvent({ kind: 'applied', records: records.length, by, lagMs })
  }

  #ask(id: number, applied: LogHead | undefined): void {
    this.#asking = new AbortController()
    this.#parts.authority.ask(applied, this.#asking.signal).then(
      (answer) => this.#happen({ kind: 'answered', id, answer }),
      (thrown: unknown) => {
        if (!this.#isClosed) this.#happen({ kind: 'failed', id, error: describe(thrown) })
        else this.#wake()
      },
    )
  }

  #open(channel: number, after: LogHead): void {
    const cut = new AbortController()
    this.#channel?.abort()
    this.#channel = cut
    const happen = (event: FeedEvent): void => {
      if (!cut.signal.aborted && !this.#isClosed) this.#happen(event)
    }
    void this.#parts.authority.listen(
      after,
      {
        opened: () => happen({ kind: 'channel-opened', channel }),
        pushed: (push) => happen({ kind: 'pushed', channel, push }),
        renew: () => happen({ kind: 'renew', channel }),
        closed: (error) => happen({ kind: 'channel-closed', channel, error }),
      },
      cut.signal,
    )
  }

  #scheduleTick(now: Instant): void {
    this.#cancelTick?.()
    if (this.#isClosed) return
    const { works, settings } = this.#parts
    const onDemand = settings.mode === 'on-demand'
    if (onDemand && this.#state.asking === undefined && works.size === 0) return
    const ms = Math.max(1, Math.ceil(nextTickAt(this.#state, now) - now.monotonic))
    // What is open under a credential wants to know when that ends, without anybody asking.
    this.#cancelTick = this.#parts.after(ms, () =>
      this.#happen({ kind: onDemand && works.size > 0 ? 'wanted' : 'tick' }),
    )
  }

  /** Until the request under way is answered or given up; by a timer of one's own, since whose request it is may be gone. */
  #untilSettled(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(end)
        cancel()
        resolve()
      }
      const cancel = this.#parts.after(this.#parts.settings.timeoutMs, end)
      this.#waiting.add(end)
    })
  }

  #wake(): void {
    for (const end of this.#waiting) end()
  }
}
