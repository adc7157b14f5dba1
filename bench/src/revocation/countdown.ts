import { monotonicMs } from './monotonic.ts'

/** Waits until each of several receivers has got so many things. */
export class Countdown {
  #left: number[] = []
  #doneAt: number[] = []
  #missing = 0
  #resolve: (() => void) | undefined
  #done: Promise<void> = Promise.resolve()

  /** Begins anew. */
  expect(receivers: number, count: number): void {
    this.#left = Array.from({ length: receivers }, () => count)
    this.#doneAt = []
    this.#missing = receivers
    this.#done = new Promise((resolve) => (this.#resolve = resolve))
  }

  /** Notes that a receiver got some. */
  got(receiver: number, count: number): void {
    const before = this.#left[receiver] ?? 0
    this.#left[receiver] = before - count
    if (before <= 0 || before > count) return
    this.#doneAt.push(monotonicMs())
    if (--this.#missing === 0) this.#resolve?.()
  }

  /** For each receiver the instant at which it had everything. */
  async received(): Promise<readonly number[]> {
    await this.#done
    return this.#doneAt
  }
}
