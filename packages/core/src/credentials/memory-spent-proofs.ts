import { StoreUnavailable } from '../stores/unavailable.ts'
import { SPENT_PROOF_MARGIN_MS, SPENT_PROOFS_TIDIED, type SpentProofs } from './spent-proofs.ts'

/**
 * Spent proofs in process memory: at most `capacity` (default 1,000,000, some 150 MB when full), and no timers. When it is full it can tell no more until
 * the oldest are forgotten: none is forgotten early.
 */
export class MemorySpentProofs implements SpentProofs {
  readonly #untilById = new Map<string, number>()
  readonly #capacity: number
  // To begin at the front of a map anew, the engine steps over all that was removed there before; an iterator that is kept does not.
  #rest = this.#untilById.entries()
  #oldest: readonly [id: string, until: number] | undefined

  constructor(capacity = 1_000_000) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new TypeError('capacity must be a whole number from 1')
    this.#capacity = capacity
  }

  async spend(id: string, until: number, now: number): Promise<boolean> {
    const isFirst = !this.#untilById.has(id)
    this.#tidy(now)
    if (!isFirst) return false
    if (this.#untilById.size >= this.#capacity) throw new StoreUnavailable('the memory of proofs is full')
    this.#untilById.set(id, until)
    return true
  }

  /** How many proofs are remembered. */
  get size(): number {
    return this.#untilById.size
  }

  /** In the order in which they came, which is nearly that in which they end. */
  #tidy(now: number): void {
    for (let left = SPENT_PROOFS_TIDIED; left > 0; left--) {
      this.#oldest ??= this.#next()
      if (this.#oldest === undefined || now < this.#oldest[1] + SPENT_PROOF_MARGIN_MS) return
      this.#untilById.delete(this.#oldest[0])
      this.#oldest = undefined
    }
  }

  /** An iterator that has come to its end stays there, whatever is added later. */
  #next(): readonly [string, number] | undefined {
    const { done, value } = this.#rest.next()
    if (done === true) this.#rest = this.#untilById.entries()
    return done === true ? undefined : value
  }
}
