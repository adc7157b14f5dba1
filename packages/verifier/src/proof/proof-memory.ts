import type { Eventually } from '../eventually.ts'

/**
 * Remembers which proofs have been used, so that none is used twice (RFC 9449 §11.1). Where a service has several instances, give them one that they
 * share: without it, a proof that somebody has caught is good once more at each other instance, within its window.
 */
export interface ProofMemory {
  /**
   * Atomic. Remembers a proof until the instant `until`; false when it is remembered already. Of N racing callers exactly one gets true. `id` is 43
   * characters that say nothing about the proof; `until` comes from the proof, and is the same at every instance. A memory that instances share keeps it
   * longer by as much as their clocks may differ. Instants are epoch milliseconds. `keyThumbprint` tells whose proof it is, so that one client cannot
   * take the room of all. Throws or rejects when it cannot tell: then nobody is let in, and nobody is signed out.
   */
  remember(id: string, until: number, now: number, keyThumbprint: string): Eventually<boolean>
}

const MOST = 1_000_000

/** One key may take a tenth of the room: 100,000 proofs, so some 750 requests a second. */
const KEYS_THAT_FILL_IT = 10

interface Generation {
  readonly ids: Set<string>
  readonly countByKey: Map<string, number>
  until: number
}

const emptyGeneration = (): Generation => ({
  ids: new Set(),
  countByKey: new Map(),
  until: Number.NEGATIVE_INFINITY,
})

/**
 * A memory in this process: at most `capacity` proofs (default 1,000,000, some 100 MB when full), of one key a tenth of them, for about two windows and
 * without timers. When it is full it can tell no more until the oldest have expired; when a key has had its share, it can tell no more about that one.
 */
export class LocalProofMemory implements ProofMemory {
  readonly #capacity: number
  readonly #share: number
  #young = emptyGeneration()
  #old = emptyGeneration()

  constructor(capacity = MOST) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new TypeError('capacity must be a whole number from 1')
    this.#capacity = capacity
    this.#share = Math.ceil(capacity / KEYS_THAT_FILL_IT)
  }

  /** How many proofs are remembered. */
  get size(): number {
    return this.#young.ids.size + this.#old.ids.size
  }

  remember(id: string, until: number, now: number, keyThumbprint: string): boolean {
    this.#forget(now)
    if (this.#young.ids.has(id) || this.#old.ids.has(id)) return false
    if (this.size >= this.#capacity) throw new Error('more proofs than can be remembered')
    const young = this.#young.countByKey.get(keyThumbprint) ?? 0
    const old = this.#old.countByKey.get(keyThumbprint) ?? 0
    if (young + old >= this.#share) throw new Error('more proofs of one key than can be remembered')
    this.#young.ids.add(id)
    this.#young.countByKey.set(keyThumbprint, young + 1)
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
