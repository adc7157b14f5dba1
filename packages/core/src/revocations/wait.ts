import type { LogHead } from '@counterfoil/protocol'
import type { Clock } from '../clock.ts'
import type { Timer } from '../timer.ts'
import type { Obedience } from './leases.ts'

/** What a wait tells the time by. */
export interface WaitParts {
  readonly clock: Clock
  readonly timer: Timer
}

/** A wait until no verifier may decide any more without knowing of a place in the log. */
export class Wait {
  /** Resolves then. */
  readonly over: Promise<void>
  readonly #head: LogHead
  readonly #missing: Map<string, number>
  readonly #blindUntil: number
  readonly #parts: WaitParts
  #resolve: () => void = () => undefined
  #cancel: (() => void) | undefined
  #isOver = false

  constructor(head: LogHead, { missing, blindUntil }: Obedience, parts: WaitParts) {
    this.#head = head
    this.#missing = new Map(missing)
    this.#blindUntil = blindUntil
    this.#parts = parts
    this.over = new Promise((resolve) => (this.#resolve = resolve))
    this.#look()
  }

  /** Somebody turns out to stand for others, each of whom may still decide until then. */
  replace(name: string, others: ReadonlyMap<string, number>): void {
    if (!this.#missing.delete(name)) return
    for (const [other, endsAt] of others) this.#missing.set(other, endsAt)
    this.#look()
  }

  get head(): LogHead {
    return this.#head
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** A verifier says how far it has applied the log. */
  confirm(verifier: string, { incarnation, position }: LogHead): void {
    if (incarnation !== this.#head.incarnation || position < this.#head.position) return
    if (this.#missing.delete(verifier) && this.#missing.size === 0) this.#look()
  }

  #look(): void {
    if (this.#isOver) return
    const { clock, timer } = this.#parts
    const now = clock.monotonic()
    this.#cancel?.()
    const endsAt = Math.max(this.#blindUntil, ...this.#missing.values())
    if (endsAt > now) this.#cancel = timer.after(Math.max(1, endsAt - now), () => this.#look())
    else {
      this.#isOver = true
      this.#resolve()
    }
  }
}
