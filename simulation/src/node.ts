import { RevocationFeed, type FeedParts } from '@counterfoil/core'
import { wireOfLease, type LeaseRequest, type LogHead } from '@counterfoil/protocol'
import type { Authority } from './authority.ts'
import type { SharedBoard } from './board.ts'
import type { Checks } from './checks.ts'
import { Channels, type Tell } from './channels.ts'
import type { SharedLog } from './log.ts'
import type { Machine } from './machine.ts'
import { NodeSessions } from './node-sessions.ts'
import type { World } from './world.ts'
import type { Lease, Mutant } from './mutant.ts'
import type { Plan } from './plan.ts'
import type { Random } from './random.ts'
import type { SimSession } from './truth.ts'

const UPKEEP_MS = 1000
const RETRY_MS = 200

/** What a running node has. */
interface Running {
  readonly feed: RevocationFeed
  readonly channels: Channels
  readonly lease: Lease
  readonly sessions: NodeSessions
}

/** What nodes share besides the board. */
interface Shared {
  readonly log: SharedLog
  readonly authority: Authority
  readonly checks: Checks
  readonly world: World
}

/** What a node is made of besides its machine. */
export interface NodeParts extends Shared {
  readonly plan: Plan
  readonly board: SharedBoard
  readonly random: Random
  readonly mutant: Mutant | undefined
}

/** An authority node: a production feed over the shared log, and what the server has around it. */
export class AuthorityNode {
  readonly index: number
  readonly machine: Machine
  readonly #log: SharedLog
  readonly #board: SharedBoard
  readonly #random: Random
  readonly #plan: Plan
  readonly #mutant: Mutant | undefined
  readonly #shared: Shared
  #running: Running | undefined

  constructor(index: number, machine: Machine, parts: NodeParts) {
    this.index = index
    this.machine = machine
    this.#log = parts.log
    this.#board = parts.board
    this.#random = parts.random
    this.#plan = parts.plan
    this.#mutant = parts.mutant
    this.#shared = parts
  }

  /** The feed, while the process is up and has opened it. */
  get feed(): RevocationFeed | undefined {
    return this.#running?.feed
  }

  /** A request with a session token. */
  serve(session: SimSession): void {
    this.machine.deliver(() => this.#running?.sessions.decide(session))
  }

  start(): void {
    this.machine.deliver(() => this.#open())
  }

  crash(): void {
    this.machine.crash()
    this.#running?.channels.closeAll()
    this.#running = undefined
  }

  restart(): void {
    this.machine.restart()
    this.start()
  }

  /** Answers a request for a lease; undefined: it cannot be answered now. */
  lease(request: LeaseRequest, answer: (wire: object | undefined) => void): void {
    const { life } = this.machine
    const lease = this.#running?.lease
    if (lease === undefined) return answer(undefined)
    lease(request).then(
      (given) => this.machine.life === life && answer(given === 'crowded' ? undefined : wireOfLease(given)),
      () => this.machine.life === life && answer(undefined),
    )
  }

  /** Opens a push channel; undefined when nobody is there to do so. */
  listen(after: LogHead, tell: Tell): (() => void) | undefined {
    return this.#running?.channels.open(after, tell)
  }

  #open(): void {
    const { machine } = this
    const { life } = machine
    const parts: FeedParts = {
      log: this.#log.connect(machine),
      clock: { now: () => machine.wall(), monotonic: () => machine.monotonic() },
      timer: { after: (ms, act) => machine.after(ms, act) },
      leaseMs: this.#plan.leaseMs,
      // Each start of the process is another node.
      peers: { board: this.#board.connect(machine), node: this.#random.id() },
      longestAcceptanceMs: async () => this.#plan.tokenMs + this.#plan.leewayMs,
    }
    this.#make(parts).then(
      (running) => {
        if (machine.life !== life) return
        this.#running = running
        this.#keepUp(running)
      },
      () => machine.life === life && machine.after(RETRY_MS, () => this.#open()),
    )
  }

  async #make(parts: FeedParts): Promise<Running> {
    const feed = await (this.#mutant?.feed?.(parts) ?? RevocationFeed.open(parts))
    const lease = (await this.#mutant?.lease?.(feed, parts)) ?? ((request) => feed.lease(request))
    const sessions = new NodeSessions({
      ...this.#shared,
      machine: this.machine,
      lease: this.#mutant?.ownLease?.(feed) ?? feed,
    })
    return { feed, channels: new Channels(feed), lease, sessions }
  }

  #keepUp(running: Running): void {
    this.machine.after(UPKEEP_MS, () => {
      running.feed.upkeep().catch(() => undefined)
      running.channels.beat()
      this.#keepUp(running)
    })
  }
}
