import type { Direction } from './faults.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** A way between a verifier and a node. */
export interface Link {
  readonly verifier: number
  readonly node: number
}

/** Faults of the network that are in force. */
export interface Weather {
  readonly cuts: Set<{ readonly verifier: number; readonly node: number; readonly ways: readonly Direction[] }>
  readonly losses: Set<number>
  readonly duplicates: Set<number>
  readonly delays: Set<number>
  readonly reorders: Set<number>
}

/** What lies between verifiers and nodes. */
export class Network {
  readonly weather: Weather = {
    cuts: new Set(),
    losses: new Set(),
    duplicates: new Set(),
    delays: new Set(),
    reorders: new Set(),
  }
  readonly #world: World
  readonly #random: Random

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  /** Sends a message on its way: it arrives later, or twice, or never. */
  send(link: Link, way: Direction, arrive: () => void): void {
    if (this.#isLost(link, way)) return
    this.#world.after(this.#delay(), arrive)
    for (const probability of this.weather.duplicates)
      if (this.#random.chance(probability)) this.#world.after(this.#delay() * 3, arrive)
  }

  /** A stream of messages, which arrive in order unless the weather wants otherwise. */
  stream(link: Link, way: Direction): (arrive: () => void) => void {
    let lastAt = 0
    return (arrive) => {
      if (this.#isLost(link, way)) return
      const at = this.#world.now + this.#delay()
      for (const probability of this.weather.duplicates)
        if (this.#random.chance(probability)) this.#world.after(this.#delay() * 3, arrive)
      let held = 0
      for (const upToMs of this.weather.reorders) held += this.#random.next() * upToMs
      lastAt = Math.max(lastAt, at)
      this.#world.after((held > 0 ? at + held : lastAt) - this.#world.now, arrive)
    }
  }

  #isLost({ verifier, node }: Link, way: Direction): boolean {
    for (const cut of this.weather.cuts)
      if (cut.verifier === verifier && cut.node === node && cut.ways.includes(way)) return true
    for (const probability of this.weather.losses) if (this.#random.chance(probability)) return true
    return false
  }

  #delay(): number {
    let ms = this.#random.between(0.2, 8)
    for (const upToMs of this.weather.delays) ms += this.#random.next() * upToMs
    return ms
  }
}
