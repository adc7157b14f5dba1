import type { OpenWorks } from '@counterfoil/verifier/feed'
import { endingsOf, nameOf, type Checks } from './checks.ts'
import type { Machine } from './machine.ts'
import type { Ending, SimToken } from './truth.ts'
import type { World } from './world.ts'

/** More than the grain of a timer, and of what a wall clock tells. */
const TICK_MS = 5

interface Stream {
  readonly token: SimToken
  readonly signal: AbortSignal
  readonly openedAt: number
}

/** What is open under credentials at one start of a verifier, and whether it ends in time. */
export class Streams {
  readonly #world: World
  readonly #checks: Checks
  readonly #machine: Machine
  readonly #life: number
  readonly #open = new Set<Stream>()

  constructor(world: World, checks: Checks, machine: Machine) {
    this.#world = world
    this.#checks = checks
    this.#machine = machine
    this.#life = machine.life
  }

  /** Opens a stream that is to end when nobody can tell any more whether it may go on. */
  open(token: SimToken, works: OpenWorks): void {
    const { subject, key, expiresAt } = token
    const signal = works.open({ subject, keyId: key.id, expiresAt, endsWhenStale: true })
    const stream = { token, signal, openedAt: this.#world.now }
    this.#open.add(stream)
    signal.addEventListener('abort', () => this.#open.delete(stream))
    // What was committed before can still be unknown here.
    for (const ending of endingsOf(token)) this.#watch(stream, ending)
  }

  /** A record has been committed. */
  committed(ending: Ending): void {
    for (const stream of this.#open) if (endingsOf(stream.token).includes(ending)) this.#watch(stream, ending)
  }

  /** Looks when the bound is over; time in which the process was stopped does not count. */
  #watch(stream: Stream, ending: Ending): void {
    const bound = this.#checks.boundMs(this.#machine) + TICK_MS
    const look = (): void => {
      if (this.#machine.life !== this.#life || !this.#open.has(stream) || ending.isLost) return
      const left = Math.max(ending.committedAt, this.#machine.runningSince) + bound - this.#world.now
      if (this.#machine.isStopped) this.#world.after(bound, look)
      else if (left > 0) this.#world.after(left, look)
      else this.#complain(stream, ending)
    }
    look()
  }

  #complain({ token, openedAt }: Stream, ending: Ending): void {
    const opened = `opened at ${openedAt.toFixed(1)}`
    const late = (this.#world.now - ending.committedAt).toFixed(1)
    const says = `a stream of ${token.name} at ${this.#machine.name}, ${opened}, is still open ${late} ms after ${nameOf(ending)}`
    this.#checks.break('cut-off', says)
  }
}
