import type { LogHead, NewRevocation, Revocation } from '@counterfoil/protocol'
import { StoreUnavailable, type RevocationLog } from '@counterfoil/core'
import type { Machine } from './machine.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** How long an operation takes until it takes effect, and from then until it is answered. */
const USUAL_MS = 1

/** One log for all nodes, durable and totally ordered, which can fail over, be compacted, be slow, and be away. */
export class SharedLog {
  incarnation: string
  /** Faults in force: how much slower it is, whether it is away, how many records it hands out at once, whether hints get lost. */
  slowMs = 0
  outages = 0
  mostAtOnce = Infinity
  hintLoss = 0
  /** The mutant of it: nobody is told that a suffix was lost. */
  readonly #keepsIncarnation: boolean
  readonly #world: World
  readonly #random: Random
  #records: Revocation[] = []
  #compacted = 0
  readonly #watchers = new Set<() => void>()

  constructor(world: World, random: Random, keepsIncarnation: boolean) {
    this.#world = world
    this.#random = random
    this.#keepsIncarnation = keepsIncarnation
    this.incarnation = random.id()
  }

  get head(): LogHead {
    return { incarnation: this.incarnation, position: this.#compacted + this.#records.length }
  }

  /** Commits a record: from this moment on every reader finds it. */
  commit(record: NewRevocation): LogHead {
    const { position } = this.head
    this.#records.push({ ...record, position: position + 1 })
    for (const watcher of this.#watchers) {
      if (!this.#random.chance(this.hintLoss)) this.#world.after(this.#random.between(0, 3) + this.slowMs, watcher)
    }
    return this.head
  }

  /** Another copy of the log takes over, which lacks this many of the latest records; the last position that it has. */
  failOver(lost: number): number {
    this.#records.length -= Math.min(lost, this.#records.length)
    const incarnation = this.#random.id()
    if (!this.#keepsIncarnation) this.incarnation = incarnation
    return this.head.position
  }

  compactBefore(before: number): number {
    const young = this.#records.findIndex(({ at }) => at >= before)
    const removed = young < 0 ? this.#records.length : young
    this.#records = this.#records.slice(removed)
    this.#compacted += removed
    return removed
  }

  /** An operation of a process on the log: it takes effect at one instant, between its start and its answer. */
  operate<T>(machine: Machine, effect: () => T): Promise<T> {
    const delay = (): number => this.#random.between(0, USUAL_MS) + this.#random.next() * this.slowMs
    return new Promise((resolve, reject) => {
      const { life } = machine
      // What is answered to a process that has died in the meantime reaches nobody.
      const answer = (act: () => void): void => {
        this.#world.after(delay(), () => machine.life === life && machine.deliver(act))
      }
      this.#world.after(delay(), () => {
        if (this.outages > 0) return answer(() => reject(new StoreUnavailable('the log is away')))
        const value = effect()
        return answer(() => resolve(value))
      })
    })
  }

  /** The log as one node reaches it. */
  connect(machine: Machine): RevocationLog {
    return {
      append: (records) => this.operate(machine, () => records.reduce((_, each) => this.commit(each), this.head)),
      read: (after, limit) => this.operate(machine, () => this.#read(after, limit)),
      head: () => this.operate(machine, () => this.head),
      holdsSession: (id) =>
        this.operate(machine, () => this.#records.some((each) => each.kind === 'session' && each.sessionId === id)),
      compact: (before) => this.operate(machine, () => this.compactBefore(before)),
      watch: (onAppend) => {
        const { life } = machine
        const watcher = (): void => void (machine.life === life && machine.deliver(onAppend))
        this.#watchers.add(watcher)
        return () => void this.#watchers.delete(watcher)
      },
    }
  }

  #read(after: number, limit: number): { records: readonly Revocation[]; head: LogHead } | 'compacted' {
    if (after < this.#compacted) return 'compacted'
    const from = after - this.#compacted
    return { records: this.#records.slice(from, from + Math.min(limit, this.mostAtOnce)), head: this.head }
  }
}
