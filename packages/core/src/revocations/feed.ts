import { boundMs, type LeaseAnswer, type LeaseRequest, type LogHead, type Push } from '@counterfoil/protocol'
import type { Clock } from '../clock.ts'
import type { RevocationLog, Unsubscribe } from '../stores/revocation-log.ts'
import type { Timer } from '../timer.ts'
import { answerLease, MOST_RECORDS } from './lease-answer.ts'
import { LeaseBook } from './leases.ts'
import { Wait } from './wait.ts'

/** What those who push records to verifiers are told. */
export interface FeedListener {
  /** New records, which continue where the last ones ended. */
  records(push: Push): void
  /** Somebody waits until everybody obeys: verifiers should say at once how far they are. */
  renew(head: LogHead): void
  /** The log is another one, or records were missed: whoever follows begins anew. */
  resync(): void
}

/** What the feed is made of. */
export interface FeedParts {
  readonly log: RevocationLog
  readonly clock: Clock
  readonly timer: Timer
  /** Length of a lease (`lease_seconds`). */
  readonly leaseMs: number
  /** How long after a revocation a token that it covers may still be accepted by somebody who does not ask. */
  readonly longestAcceptanceMs: () => Promise<number>
}

/** How a wait for everybody ended. */
export interface Obeyed {
  readonly waitedMs: number
}

/** The authority's side of the guarantee: leases, what is pushed, and waiting until everybody obeys. */
export class RevocationFeed {
  readonly #parts: FeedParts
  readonly #book: LeaseBook
  readonly #listeners = new Set<FeedListener>()
  readonly #waits = new Set<Wait>()
  #known: LogHead
  #retainMs: number
  #stopWatching: Unsubscribe | undefined
  #pulling = false
  #pullAgain = false

  private constructor(parts: FeedParts, known: LogHead, acceptanceMs: number) {
    this.#parts = parts
    this.#known = known
    this.#book = new LeaseBook(parts.clock.monotonic(), parts.leaseMs)
    this.#retainMs = retentionMs(parts, acceptanceMs)
  }

  /** Begins to follow the log. @throws {StoreUnavailable} */
  static async open(parts: FeedParts): Promise<RevocationFeed> {
    const feed = new RevocationFeed(parts, await parts.log.head(), await parts.longestAcceptanceMs())
    feed.#stopWatching = parts.log.watch(() => feed.#noticed())
    return feed
  }

  /** How far this node has followed the log: at most as far as it reaches. */
  position(): LogHead {
    return this.#known
  }

  /** Answers a request for a lease. `crowded` when there are more verifiers than can be remembered. */
  async lease({ verifier, applied }: LeaseRequest): Promise<LeaseAnswer | 'crowded'> {
    const { log, clock, leaseMs } = this.#parts
    const pending = this.#book.note(verifier, applied, clock.monotonic())
    if (pending === undefined) return 'crowded'
    const oldBefore = clock.now() - this.#retainMs
    try {
      const answer = await answerLease(log, applied, { leaseMs, retainMs: this.#retainMs, oldBefore })
      if (answer.leaseMs === 0) pending.withdraw()
      else pending.grant(answer.head)
      if (applied !== undefined) for (const wait of this.#waits) wait.confirm(verifier, applied)
      return answer
    } catch (error) {
      pending.withdraw()
      throw error
    }
  }

  /** What follows this place in the log, as far as one answer takes it; `resync` when it cannot be served. */
  async replay(after: LogHead): Promise<Push | 'resync'> {
    const reading = await this.#parts.log.read(after.position, MOST_RECORDS)
    if (reading === 'compacted' || reading.head.incarnation !== after.incarnation) return 'resync'
    if (reading.head.position < after.position) return 'resync'
    const { records } = reading
    const head = { incarnation: after.incarnation, position: after.position + records.length }
    return { head, after: after.position, records }
  }

  /** Tells of what is new from now on. */
  subscribe(listener: FeedListener): Unsubscribe {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Resolves when no verifier decides any more without knowing of this place in the log (G2): each has said that it does, or its lease is
   * over. After a start that includes the leases of the process before. It takes `τ(1+ρ)/(1−ρ)` at most.
   */
  async waitUntilObeyed(head: LogHead): Promise<Obeyed> {
    const { clock, timer } = this.#parts
    const startedAt = clock.monotonic()
    const wait = new Wait(head, this.#book.obedience(head, startedAt, startedAt), { clock, timer })
    this.#waits.add(wait)
    if (!wait.isOver) this.#askForConfirmation(head)
    await wait.over
    this.#waits.delete(wait)
    return { waitedMs: clock.monotonic() - startedAt }
  }

  /** How many verifiers hold leases. */
  verifiers(): number {
    return this.#book.count(this.#parts.clock.monotonic())
  }

  /** Within what time a verifier that follows obeys, in milliseconds. */
  boundMs(): number {
    return boundMs(this.#parts.leaseMs)
  }

  /** Looks what changed without anybody saying so: how long tokens live, and whether a hint was lost. */
  async upkeep(): Promise<void> {
    this.#retainMs = retentionMs(this.#parts, await this.#parts.longestAcceptanceMs())
    await this.#pull()
  }

  close(): void {
    this.#stopWatching?.()
    this.#listeners.clear()
  }

  /** The record itself first: who does not know of it yet has nothing to confirm. */
  #askForConfirmation(head: LogHead): void {
    const ask = (): void => {
      for (const listener of this.#listeners) listener.renew(head)
    }
    this.#pull().then(ask, ask)
  }

  #noticed(): void {
    // A hint that comes to nothing is no loss: the next one, a lease or the upkeep reads on.
    this.#pull().catch(() => undefined)
  }

  /** Reads on, and passes on what is new. One reading at a time, so that everything goes out in order. */
  async #pull(): Promise<void> {
    this.#pullAgain = true
    if (this.#pulling) return
    this.#pulling = true
    try {
      while (this.#pullAgain) {
        this.#pullAgain = false
        await this.#readOn()
      }
    } finally {
      this.#pulling = false
    }
  }

  async #readOn(): Promise<void> {
    const { incarnation, position: after } = this.#known
    const reading = await this.#parts.log.read(after, MOST_RECORDS)
    if (reading === 'compacted' || reading.head.incarnation !== incarnation || reading.head.position < after) {
      this.#known = await this.#parts.log.head()
      for (const listener of this.#listeners) listener.resync()
      return
    }
    const { records, head } = reading
    if (records.length === 0) return
    this.#known = { incarnation, position: after + records.length }
    if (this.#known.position < head.position) this.#pullAgain = true
    const push = { head: this.#known, after, records }
    for (const listener of this.#listeners) listener.records(push)
  }
}

/** A record matters until every token that it could cover has expired, and every lease from before it is over. */
function retentionMs({ leaseMs }: FeedParts, longestAcceptanceMs: number): number {
  return longestAcceptanceMs + Math.ceil(boundMs(leaseMs))
}
