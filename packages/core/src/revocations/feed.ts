import {
  boundMs,
  elapsedMs,
  patienceMs,
  type Instant,
  type LeaseAnswer,
  type LeaseRequest,
  type LogHead,
  type Push,
} from '@counterfoil/protocol'
import type { Clock } from '../clock.ts'
import type { NodeBoard } from '../stores/node-board.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import type { RevocationLog, Unsubscribe } from '../stores/revocation-log.ts'
import type { Timer } from '../timer.ts'
import { answerLease, MOST_RECORDS } from './lease-answer.ts'
import { LeaseBook, type PendingLease } from './leases.ts'
import { Peers } from './peers.ts'
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
  /**
   * Where the nodes of this installation hear of one another, and the name of this process among them: 128 random bits. Without it this is the
   * only node.
   */
  readonly peers?: { readonly board: NodeBoard; readonly node: string } | undefined
}

/** How a wait for everybody ended. */
export interface Obeyed {
  readonly waitedMs: number
  /** False: the log began anew meanwhile, as after a failover that lost writes, and this record may be among them. */
  readonly stands: boolean
}

/** This node among the verifiers, for what it keeps of sessions itself. Verifiers' names have no colon. */
const SELF = 'node:self'
/** Stands for the nodes that there are, until they have been looked up. */
const OTHERS = 'node:others'
/** Part of its lease after which the node renews its own, while it is in use. */
const RENEWALS_PER_LEASE = 3
/** So often a log may turn out to be another one while one request is answered. */
const MOST_ROUNDS = 3

/** The authority's side of the guarantee: leases, what is pushed, and waiting until everybody obeys. */
export class RevocationFeed {
  readonly #parts: FeedParts
  readonly #book: LeaseBook
  readonly #listeners = new Set<FeedListener>()
  readonly #waits = new Set<Wait>()
  readonly #peers: Peers | undefined
  #known: LogHead
  #retainMs: number
  #stopWatching: Unsubscribe | undefined
  #pulling: Promise<void> | undefined
  #nextPull: Promise<void> | undefined
  #ownSince: Instant | undefined
  #renewing: Promise<void> | undefined

  private constructor(parts: FeedParts, known: LogHead, acceptanceMs: number) {
    const { clock, leaseMs, peers } = parts
    this.#parts = parts
    this.#known = known
    this.#book = new LeaseBook(clock.monotonic(), leaseMs)
    this.#retainMs = retentionMs(parts, acceptanceMs)
    this.#peers = peers && new Peers({ ...peers, clock, leaseMs, own: this.#ownLeases() })
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

  /** Answers a request for a lease. `crowded` when there are more verifiers than can be remembered. @throws {StoreUnavailable} */
  async lease(request: LeaseRequest): Promise<LeaseAnswer | 'crowded'> {
    return this.#amongPeers(async () => {
      const pending = this.#note(request.verifier, request.applied)
      if (pending === undefined) return 'crowded'
      try {
        const answer = await this.#answer(request)
        const isKnown = this.#peers?.isAnnouncedIn(answer.head.incarnation) !== false
        if (isKnown && answer.leaseMs > 0) pending.grant(answer.head)
        else pending.withdraw()
        if (request.applied !== undefined) this.#applied(request.verifier, request.applied)
        return isKnown ? answer : 'another log'
      } catch (error) {
        pending.withdraw()
        throw error
      }
    })
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
    const { clock, timer, leaseMs } = this.#parts
    const startedAt = clock.monotonic()
    const before = this.#known.incarnation
    if (head.incarnation !== this.#known.incarnation) this.#book.beBlind(startedAt)
    const { missing, blindUntil } = this.#book.obedience(head, startedAt, startedAt)
    const endsAt = startedAt + patienceMs(leaseMs)
    const others = this.#peers === undefined ? [] : ([[OTHERS, endsAt]] as const)
    const wait = new Wait(head, { missing: new Map([...missing, ...others]), blindUntil }, { clock, timer })
    this.#waits.add(wait)
    if (missing.size > 0) this.#askForConfirmation(head)
    this.#findOthers(wait, endsAt)
    await wait.over
    this.#waits.delete(wait)
    this.#peers?.wait(furthest(this.#waits))
    const { incarnation } = this.#known
    const stands = incarnation === head.incarnation || incarnation === before
    return { waitedMs: clock.monotonic() - startedAt, stands }
  }

  /** Whether what this node keeps of sessions may be used at this moment: it holds a lease of its own, as a verifier does. */
  get isCurrent(): boolean {
    return this.#ownSince !== undefined && elapsedMs(this.#ownSince, this.#instant()) < this.#parts.leaseMs
  }

  /** Sees to it that this node holds a lease of its own; waits for it only where there is none. @throws {StoreUnavailable} */
  async keepCurrent(): Promise<void> {
    const since = this.#ownSince
    const { leaseMs } = this.#parts
    if (since !== undefined && elapsedMs(since, this.#instant()) < leaseMs / RENEWALS_PER_LEASE) return
    this.#renewing ??= this.#renewOwn().finally(() => (this.#renewing = undefined))
    if (this.isCurrent) this.#renewing.catch(() => undefined)
    else await this.#renewing
  }

  /** How many verifiers hold leases. */
  verifiers(): number {
    const now = this.#parts.clock.monotonic()
    return this.#book.count(now, (name) => name !== SELF)
  }

  /** Within what time a verifier that follows obeys, in milliseconds. */
  boundMs(): number {
    return boundMs(this.#parts.leaseMs)
  }

  /** Looks what changed without anybody saying so: how long tokens live, and whether a hint was lost. */
  async upkeep(): Promise<void> {
    this.#retainMs = retentionMs(this.#parts, await this.#parts.longestAcceptanceMs())
    await this.#pull()
    await this.#peers?.tidy()
  }

  close(): void {
    this.#stopWatching?.()
    this.#peers?.close()
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

  #ownLeases() {
    return {
      horizon: () => this.#book.horizon(this.#known, this.#parts.clock.monotonic()),
      // Every node has one of itself, which is nobody else's.
      knowing: (head: LogHead, limit: number) => this.#book.knowing(head, limit).filter((name) => name !== SELF),
      hear: (verifier: string, head: LogHead) => this.#hear(verifier, head),
      obeyed: (name: string, head: LogHead) => {
        for (const wait of this.#waits) wait.confirm(name, head)
      },
      awaited: (head: LogHead) => this.#askForConfirmation(head),
    }
  }

  /** Does what only a node may do that the others know of, in the log as it is now. */
  async #amongPeers<Result>(act: () => Promise<Result | 'another log'>): Promise<Result> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      await this.#peers?.announce()
      const result = await act()
      if (result !== 'another log') return result
      await this.#pull()
    }
    throw new StoreUnavailable('the log is another one each time that it is read')
  }

  #answer({ applied }: LeaseRequest): Promise<LeaseAnswer> {
    const { log, clock, leaseMs } = this.#parts
    const oldBefore = clock.now() - this.#retainMs
    return answerLease(log, applied, { leaseMs, retainMs: this.#retainMs, oldBefore })
  }

  /** Notes a lease; only while the other nodes know of this one. */
  #note(verifier: string, applied: LogHead | undefined): PendingLease | undefined {
    if (this.#peers?.isAnnounced === false) throw new StoreUnavailable('the other nodes could not be told of this one')
    return this.#book.note(verifier, applied, this.#parts.clock.monotonic())
  }

  /** A verifier says here how far it has applied the log. */
  #applied(verifier: string, head: LogHead): void {
    this.#hear(verifier, head)
    this.#peers?.progress()
  }

  #hear(verifier: string, head: LogHead): void {
    this.#book.hear(verifier, head)
    for (const wait of this.#waits) wait.confirm(verifier, head)
  }

  /** Lets a wait know who else there is; where that cannot be found out, it waits for anybody. */
  #findOthers(wait: Wait, endsAt: number): void {
    const peers = this.#peers
    peers?.ignorantOf(wait.head).then(
      (names) => {
        wait.replace(OTHERS, new Map(names.map((name) => [name, endsAt])))
        peers.recall()
        if (wait.isOver || names.length === 0) return
        peers.wait(furthest(this.#waits))
        // Whoever holds a lease of another node may listen here.
        this.#askForConfirmation(wait.head)
      },
      () => undefined,
    )
  }

  /** A lease of its own: everything up to the head of a log that is read after this moment has been passed on when it begins. */
  async #renewOwn(): Promise<void> {
    await this.#amongPeers(async () => {
      const begunAt = this.#instant()
      const pending = this.#note(SELF, this.#known)
      try {
        await this.#pull()
      } catch (error) {
        pending?.withdraw()
        throw error
      }
      if (this.#peers?.isAnnouncedIn(this.#known.incarnation) === false) {
        pending?.withdraw()
        return 'another log'
      }
      pending?.grant(this.#known)
      if (pending !== undefined) this.#ownSince = begunAt
      this.#passedOn()
      return undefined
    })
  }

  /** This node itself knows of everything that it has passed on. */
  #passedOn(): void {
    this.#applied(SELF, this.#known)
  }

  #instant(): Instant {
    const { clock } = this.#parts
    return { monotonic: clock.monotonic(), wall: clock.now() }
  }

  /** Reads on to the end, and passes on what is new. One reading at a time, so that everything goes out in order; it begins after it was asked for. */
  #pull(): Promise<void> {
    if (this.#pulling === undefined) return this.#beginPull()
    const begin = (): Promise<void> => {
      this.#nextPull = undefined
      return this.#beginPull()
    }
    return (this.#nextPull ??= this.#pulling.then(begin, begin))
  }

  #beginPull(): Promise<void> {
    this.#pulling = this.#readToEnd().finally(() => (this.#pulling = undefined))
    return this.#pulling
  }

  async #readToEnd(): Promise<void> {
    let isAtEnd = false
    while (!isAtEnd) isAtEnd = await this.#readOn()
  }

  /** Whether the end has been reached. */
  async #readOn(): Promise<boolean> {
    const { incarnation, position: after } = this.#known
    const reading = await this.#parts.log.read(after, MOST_RECORDS)
    if (reading === 'compacted' || reading.head.incarnation !== incarnation || reading.head.position < after) {
      this.#known = await this.#parts.log.head()
      if (this.#known.incarnation !== incarnation) this.#book.beBlind(this.#parts.clock.monotonic())
      for (const listener of this.#listeners) listener.resync()
      this.#passedOn()
      return true
    }
    const { records, head } = reading
    if (records.length === 0) return true
    this.#known = { incarnation, position: after + records.length }
    const push = { head: this.#known, after, records }
    for (const listener of this.#listeners) listener.records(push)
    this.#passedOn()
    return this.#known.position >= head.position
  }
}

/** A record matters until every token that it could cover has expired, and every lease from before it is over. */
function retentionMs({ leaseMs }: FeedParts, longestAcceptanceMs: number): number {
  return longestAcceptanceMs + Math.ceil(boundMs(leaseMs))
}

function furthest(waits: ReadonlySet<Wait>): LogHead | undefined {
  let place: LogHead | undefined
  for (const { head } of waits) {
    if (place === undefined || head.incarnation !== place.incarnation || head.position > place.position) place = head
  }
  return place
}
