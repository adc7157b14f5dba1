import type { World } from './world.ts'

/** Any instant will do: what matters is that no two clocks agree on it. */
const EPOCH = 1_750_000_000_000

/** How the clocks of a machine run. */
export interface ClockRates {
  readonly monotonic: number
  readonly wall: number
  readonly wallOffset: number
}

/** A process on a machine of its own: with clocks that err, and which can be stopped, put to sleep, and killed. */
export class Machine {
  readonly name: string
  /** Which start of the process this is: what an earlier one was waiting for never comes. */
  life = 1
  isUp = true
  /** Since when it has been running without a stop, in true time. */
  runningSince = 0
  hasSlept = false
  readonly #world: World
  readonly #rates: ClockRates
  #wallStep = 0
  #ran = 0
  #anchor = 0
  #pauses = 0
  #sleeps = 0
  #backlog: (() => void)[] = []

  constructor(name: string, world: World, rates: ClockRates) {
    this.name = name
    this.#world = world
    this.#rates = rates
  }

  monotonic(): number {
    const running = this.#sleeps > 0 ? 0 : this.#world.now - this.#anchor
    return (this.#ran + running) * this.#rates.monotonic
  }

  /** In whole milliseconds, as a wall clock tells it. */
  wall(): number {
    return Math.floor(EPOCH + this.#rates.wallOffset + this.#wallStep + this.#world.now * this.#rates.wall)
  }

  get isStopped(): boolean {
    return this.#pauses + this.#sleeps > 0
  }

  /** Lets something happen in this process: at once, or when it goes on, or never when it has died by then. */
  deliver(act: () => void): void {
    const { life } = this
    const live = (): void => {
      if (this.life !== life || !this.isUp) return
      if (this.isStopped) return void this.#backlog.push(live)
      this.#world.stir()
      act()
    }
    live()
  }

  /** A timer of this process, by its monotonic clock. */
  after(ms: number, act: () => void): () => void {
    const dueAt = this.monotonic() + Math.max(0, ms)
    const { life } = this
    let isCancelled = false
    const look = (): void => {
      if (isCancelled || this.life !== life) return
      const left = dueAt - this.monotonic()
      if (left <= 1e-6) this.deliver(() => isCancelled || act())
      else if (this.#sleeps > 0) this.#backlog.push(look)
      else this.#world.after(left / this.#rates.monotonic, look)
    }
    this.#world.after(ms / this.#rates.monotonic, look)
    return () => {
      isCancelled = true
    }
  }

  /** SIGSTOP: nothing runs, all clocks do. */
  pause(): void {
    this.#pauses++
  }

  resume(): void {
    this.#pauses--
    this.#goOn()
  }

  /** A suspended machine: the monotonic clock stops as well. */
  sleep(): void {
    this.hasSlept = true
    this.#ran = this.monotonic() / this.#rates.monotonic
    this.#sleeps++
  }

  wake(): void {
    this.#sleeps--
    this.#anchor = this.#world.now
    this.#goOn()
  }

  step(ms: number): void {
    this.#wallStep += ms
  }

  /** Sets the wall clock right. */
  setRight(): void {
    this.#wallStep = -this.#rates.wallOffset
  }

  crash(): void {
    this.life++
    this.isUp = false
    this.#backlog = []
  }

  restart(): void {
    this.isUp = true
  }

  #goOn(): void {
    if (this.isStopped) return
    this.runningSince = this.#world.now
    const waiting = this.#backlog
    this.#backlog = []
    for (const act of waiting) this.#world.after(0, act)
  }
}
