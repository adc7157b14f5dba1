import type { NodeBoard, NodeReport } from '@counterfoil/core'
import type { SharedLog } from './log.ts'
import type { Machine } from './machine.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** One board for all nodes, in the database that holds the log: it is slow and away with it, and loses what it loses. */
export class SharedBoard {
  readonly #world: World
  readonly #random: Random
  readonly #log: SharedLog
  #reports = new Map<string, NodeReport>()
  readonly #watchers = new Set<() => void>()

  constructor(world: World, random: Random, log: SharedLog) {
    this.#world = world
    this.#random = random
    this.#log = log
  }

  /** Another copy of the database takes over, which has not heard of some of the latest reports. */
  failOver(): void {
    for (const node of this.#reports.keys()) if (this.#random.chance(0.5)) this.#reports.delete(node)
  }

  /** The board as one node reaches it. */
  connect(machine: Machine): NodeBoard {
    return {
      report: (report) => this.#log.operate(machine, () => this.#take(report)),
      read: () => this.#log.operate(machine, () => [...this.#reports.values()]),
      remove: (node, serial) =>
        this.#log.operate(machine, () => this.#reports.get(node)?.serial === serial && this.#reports.delete(node)),
      watch: (onReport) => {
        const { life } = machine
        const watcher = (): void => void (machine.life === life && machine.deliver(onReport))
        this.#watchers.add(watcher)
        return () => void this.#watchers.delete(watcher)
      },
    }
  }

  #take(report: NodeReport): void {
    if (report.serial <= (this.#reports.get(report.node)?.serial ?? -1)) return
    this.#reports.set(report.node, report)
    for (const watcher of this.#watchers) {
      if (!this.#random.chance(this.#log.hintLoss)) this.#world.after(this.#random.between(0, 3), watcher)
    }
  }
}
