/** Where the present comes from. Everything that depends on time is told it; nothing looks at a watch by itself. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

/** The machine's wall clock. */
export const systemClock: Clock = { now: () => Date.now() }
