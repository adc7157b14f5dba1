/** Where the present comes from. Everything that depends on time is told it; nothing looks at a watch by itself. */
export interface Clock {
  /** Epoch milliseconds. May step. */
  now(): number
  /** Milliseconds since some instant of this process; never goes back. What is measured with it survives any step of `now`. */
  monotonic(): number
}

/** The machine's clocks. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
