import { elapsedMs, patienceMs, type Instant, type LogHead } from '@counterfoil/protocol'
import type { Clock } from '../clock.ts'
import type { NodeBoard, NodeReport } from '../stores/node-board.ts'
import type { Unsubscribe } from '../stores/revocation-log.ts'

/** More verifiers are not named in one report: for the others a wait ends when their leases do. */
const MOST_NAMES = 10_000

/** A report is repeated before it is too old for another lease to be granted under it. */
const REPORTS_PER_LEASE = 2

/** Silent for so many times as long as it takes until its leases are over, a node is taken off the board. */
const ROUNDS_UNTIL_REMOVED = 10

/** What this node knows about its own leases. */
export interface OwnLeases {
  /** The furthest place of which everybody knows who may decide by a lease of this node. */
  horizon(): LogHead
  /** Those who have said here that they know of everything up to a place; at most `limit`. */
  knowing(head: LogHead, limit: number): string[]
  /** Another node has heard this of a verifier. */
  hear(verifier: string, head: LogHead): void
  /** Another node says that none of its leases lets anybody decide without knowing of everything up to here. */
  obeyed(name: string, head: LogHead): void
  /** Somebody at another node waits for everybody to know of this place. */
  awaited(head: LogHead): void
}

/** What the dealings with the other nodes are made of. */
export interface PeersParts {
  readonly board: NodeBoard
  /** This process: 128 random bits. */
  readonly node: string
  readonly clock: Clock
  readonly leaseMs: number
  readonly own: OwnLeases
}

/** What was read of another node, and when it was first read so. */
interface Sighting {
  readonly report: NodeReport
  readonly since: number
}

/**
 * This node among the others: it tells them how far its leases have come, and hears it from them.
 *
 * A node grants leases only for `leaseMs` after it has last reported, by its own clocks. So whoever has seen the same report for that long, and
 * for as long again as a lease may live, knows that nobody holds a lease of that node: it has died, or is cut off, and will report before it grants
 * another one, whose head it reads after that. And whoever reads the board after a record has committed knows every node that may have
 * granted a lease before: it had reported by then, to this very log (`isAnnouncedIn`).
 */
export class Peers {
  readonly #parts: PeersParts
  readonly #silenceMs: number
  readonly #sightings = new Map<string, Sighting>()
  readonly #stopWatching: Unsubscribe
  #serial = 0
  #reportedAt: Instant | undefined
  #reported: NodeReport | undefined
  #reporting: Promise<void> | undefined
  #nextReport: Promise<void> | undefined
  #awaited: LogHead | undefined
  #askedFor: LogHead | undefined
  #isReading = false
  #readAgain = false

  constructor(parts: PeersParts) {
    this.#parts = parts
    this.#silenceMs = 2 * patienceMs(parts.leaseMs)
    this.#stopWatching = parts.board.watch(() => this.#look())
  }

  /** Whether the others know of this node, so that it may grant a lease at this very moment. */
  get isAnnounced(): boolean {
    return this.#age() < this.#parts.leaseMs
  }

  /** Whether they have been told while the log was this one: what was told before may be lost with a part of the log. */
  isAnnouncedIn(incarnation: string): boolean {
    return this.#reported?.obeyed.incarnation === incarnation
  }

  /** Lets the others know of this node, where they might soon not. @throws {StoreUnavailable} when they do not know, and cannot be told. */
  async announce(): Promise<void> {
    const { leaseMs, own } = this.#parts
    const isSame = this.isAnnouncedIn(own.horizon().incarnation)
    if (isSame && this.#age() < leaseMs / REPORTS_PER_LEASE) return
    const report = this.#report()
    if (isSame && this.isAnnounced) report.catch(() => undefined)
    else await report
  }

  /** The nodes that may have granted leases without knowing of this place, as far as they have not said otherwise. @throws {StoreUnavailable} */
  async ignorantOf(head: LogHead): Promise<string[]> {
    await this.#read()
    const names: string[] = []
    for (const [node, { report }] of this.#sightings) {
      if (!this.#isSilent(node) && !reaches(report.obeyed, head)) names.push(nameOf(node))
    }
    return names
  }

  /** Asks the others to let everybody know of this place; undefined: nobody waits any more. */
  wait(head: LogHead | undefined): void {
    const before = this.#awaited
    this.#awaited = head
    // That nobody waits any more is told with the next report.
    if (head !== undefined && (before === undefined || !reaches(before, head))) this.#tell()
  }

  /** Something may have come of what is waited for: a lease that reaches further, or a verifier that has said so here. */
  progress(): void {
    const place = this.#place()
    if (place === undefined) return
    const { own } = this.#parts
    const said = this.#reported
    if (!reaches(said?.obeyed, place) && reaches(own.horizon(), place)) return this.#tell()
    const heard = said?.heard !== undefined && reaches(said.heard.head, place) ? said.heard.verifiers.length : 0
    if (own.knowing(place, MOST_NAMES).length > heard) this.#tell()
  }

  /** Says again what every other node has said last. */
  recall(): void {
    for (const [node, { report }] of this.#sightings) this.#parts.own.obeyed(nameOf(node), report.obeyed)
  }

  /** Takes nodes off the board that have been silent for long. @throws {StoreUnavailable} */
  async tidy(): Promise<void> {
    await this.#read()
    const now = this.#parts.clock.monotonic()
    for (const [node, { report, since }] of this.#sightings) {
      if (now - since < ROUNDS_UNTIL_REMOVED * this.#silenceMs) continue
      await this.#parts.board.remove(node, report.serial)
      this.#sightings.delete(node)
    }
  }

  close(): void {
    this.#stopWatching()
  }

  #age(): number {
    return this.#reportedAt === undefined ? Infinity : elapsedMs(this.#reportedAt, this.#instant())
  }

  #instant(): Instant {
    const { clock } = this.#parts
    return { monotonic: clock.monotonic(), wall: clock.now() }
  }

  #awaitedElsewhere(): LogHead | undefined {
    const { incarnation } = this.#parts.own.horizon()
    let furthest: LogHead | undefined
    for (const { report } of this.#sightings.values()) {
      const { awaited } = report
      if (awaited?.incarnation !== incarnation || this.#isSilent(report.node)) continue
      if (furthest === undefined || awaited.position > furthest.position) furthest = awaited
    }
    return furthest
  }

  /** The furthest place that anybody waits for, here or elsewhere. */
  #place(): LogHead | undefined {
    const elsewhere = this.#awaitedElsewhere()
    if (elsewhere === undefined || this.#awaited === undefined) return elsewhere ?? this.#awaited
    return reaches(elsewhere, this.#awaited) ? elsewhere : this.#awaited
  }

  #isSilent(node: string): boolean {
    const sighting = this.#sightings.get(node)
    return sighting !== undefined && this.#parts.clock.monotonic() - sighting.since >= this.#silenceMs
  }

  #tell(): void {
    // What is not told now is not lost: whoever waits for it waits until the leases are over.
    this.#report().catch(() => undefined)
  }

  /** One report at a time; those that are asked for meanwhile are one, which tells what is true when it begins. */
  #report(): Promise<void> {
    if (this.#reporting === undefined) return this.#sendReport()
    const send = (): Promise<void> => {
      this.#nextReport = undefined
      return this.#sendReport()
    }
    return (this.#nextReport ??= this.#reporting.then(send, send))
  }

  #sendReport(): Promise<void> {
    const { board, node, own } = this.#parts
    const begunAt = this.#instant()
    const place = this.#place()
    const heard = place && { head: place, verifiers: own.knowing(place, MOST_NAMES) }
    const report: NodeReport = {
      node,
      serial: ++this.#serial,
      obeyed: own.horizon(),
      heard,
      awaited: this.#awaited,
    }
    this.#reporting = board
      .report(report)
      .then(() => {
        this.#reportedAt = begunAt
        this.#reported = report
      })
      .finally(() => (this.#reporting = undefined))
    return this.#reporting
  }

  /** Reads the board upon a hint; one reading at a time. */
  #look(): void {
    this.#readAgain = true
    // What cannot be read now is read upon the next hint, or when somebody waits.
    if (!this.#isReading) this.#readWhileAsked().catch(() => undefined)
  }

  async #readWhileAsked(): Promise<void> {
    this.#isReading = true
    try {
      while (this.#readAgain) {
        this.#readAgain = false
        await this.#read()
      }
    } finally {
      this.#isReading = false
    }
  }

  async #read(): Promise<void> {
    const reports = (await this.#parts.board.read()).filter(({ node }) => node !== this.#parts.node)
    const now = this.#parts.clock.monotonic()
    for (const report of reports) this.#see(report, now)
    const present = new Set(reports.map(({ node }) => node))
    for (const node of this.#sightings.keys()) if (!present.has(node)) this.#sightings.delete(node)
    const awaited = this.#awaitedElsewhere()
    if (awaited !== undefined && !reaches(this.#askedFor, awaited)) {
      this.#askedFor = awaited
      this.#parts.own.awaited(awaited)
    }
    this.progress()
  }

  #see(report: NodeReport, now: number): void {
    const { own } = this.#parts
    const seen = this.#sightings.get(report.node)
    if (seen !== undefined && seen.report.serial >= report.serial) return
    this.#sightings.set(report.node, { report, since: now })
    const { heard } = report
    if (heard !== undefined) for (const verifier of heard.verifiers) own.hear(verifier, heard.head)
    own.obeyed(nameOf(report.node), report.obeyed)
  }
}

/** A node among verifiers, whose names have no colon. */
function nameOf(node: string): string {
  return `node:${node}`
}

function reaches(one: LogHead | undefined, other: LogHead): boolean {
  return one?.incarnation === other.incarnation && one.position >= other.position
}
