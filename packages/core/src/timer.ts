/** What lets something happen later. */
export interface Timer {
  /** Calls back once after this many milliseconds; calling what it returns keeps it from happening. */
  after(ms: number, act: () => void): () => void
}

/** The machine's timer. It keeps no process alive. */
export const systemTimer: Timer = {
  after(ms, act) {
    const timeout = setTimeout(act, ms)
    timeout.unref()
    return () => clearTimeout(timeout)
  },
}
