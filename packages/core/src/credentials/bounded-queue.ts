/** Runs jobs a few at a time, in the order in which they came. */
export interface BoundedQueue {
  /**
   * What the job came to, or `busy` at once when as many wait already as may. A job that fails rejects, and makes room for
   * the next all the same.
   */
  run<Result>(job: () => Promise<Result>): Promise<Result | 'busy'>
  /** How many jobs run now. */
  readonly running: number
  /** How many wait for their turn now. */
  readonly waiting: number
}

/** A queue in which `width` jobs run at once and `length` more may wait. */
export function createQueue(width: number, length: number): BoundedQueue {
  const waiting: (() => void)[] = []
  let running = 0
  return {
    async run(job) {
      if (running >= width) {
        if (waiting.length >= length) return 'busy'
        // Whoever leaves hands its place over, so that nobody overtakes.
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else running++
      try {
        return await job()
      } finally {
        const next = waiting.shift()
        if (next === undefined) running--
        else next()
      }
    },
    get running() {
      return running
    },
    get waiting() {
      return waiting.length
    },
  }
}
