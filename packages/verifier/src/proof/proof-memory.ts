import type { Eventually } from '../eventually.ts'

/**
 * Remembers which proofs have been used, so that none is used twice (RFC 9449 §11.1). Where a service has several instances, give them one that they
 * share: without it, a proof that somebody has caught is good once more at each other instance, within its window.
 */
export interface ProofMemory {
  /**
   * Atomic. Remembers a proof until the instant `until`; false when it is remembered already. Of N racing callers exactly one gets true. `id` is 43
   * characters that say nothing about the proof; instants are epoch milliseconds. Throws or rejects when it cannot tell: then nobody is let in, and nobody
   * is signed out.
   */
  remember(id: string, until: number, now: number): Eventually<boolean>
}

const MOST = 1_000_000

interface Generation {
  readonly ids: Set<string>
  until: number
}

const emptyGeneration = (): Generation => ({ ids: new Set(), until: Number.NEGATIVE_INFINITY })

/**
 * A memory in this process: at most `capacity` proofs (default 1,000,000, some 100 MB when full), for about two windows and without timers. When
 * it is full it can tell no more until the oldest have expired.
 */
export class LocalProofMemory implements ProofMemory {
  readonly #capacity: number
  #young = emptyGeneration()
  #old = emptyGeneration()

  constructor(capacity = MOST) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new TypeError('capacity must be a whole number from 1')
    this.#capacity = capacity
  }

  /** How many proofs are remembered. */
  get size(): number {
    return this.#young.ids.size + this.#old.ids.size
  }

  remember(id: string, until: number, now: number): boolean {
    this.#forget(now)
    if (this.#young.ids.has(id) || this.#old.ids.has(id)) return false
    if (this.size >= this.#capacity) throw new Error('more proofs than can be remembered')
    this.#young.ids.add(id)
    this.#young.until = Math.max(this.#young.until, until)
    return true
  }

  #forget(now: number): void {
    if (now <= this.#old.until) return
    this.#old = this.#young
    this.#young = emptyGeneration()
    if (now > this.#old.until) this.#old = emptyGeneration()
  }
}
