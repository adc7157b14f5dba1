/** How many attempts are allowed in a window. */
export interface AttemptLimit {
  readonly attempts: number
  readonly windowMs: number
}

/** Counts attempts by key, each in a window that begins with its first. Time is given by the caller. */
export interface AttemptCounters {
  /** Counts one; whether it is within the limit, and if not, when the window ends. One that is over the limit is not counted. */
  take(
    key: string,
    limit: AttemptLimit,
    now: number,
  ): Promise<{ readonly taken: true } | { readonly taken: false; readonly retryAfterMs: number }>
  /** Gives one back that was taken. */
  giveBack(key: string): Promise<void>
}

interface Window {
  count: number
  endsAt: number
}

/**
 * Counters in process memory, at most `capacity` of them: past that, the one that was taken from longest ago goes. A flood of
 * addresses can so make room for itself, at the price of `capacity` requests per attempt at a password that it wins.
 */
export class MemoryAttemptCounters implements AttemptCounters {
  readonly #windows = new Map<string, Window>()
  readonly #capacity: number

  constructor(capacity = 100_000) {
    this.#capacity = capacity
  }

  async take(key: string, { attempts, windowMs }: AttemptLimit, now: number): ReturnType<AttemptCounters['take']> {
    const held = this.#windows.get(key)
    const window = held !== undefined && now < held.endsAt ? held : { count: 0, endsAt: now + windowMs }
    this.#windows.delete(key)
    this.#windows.set(key, window)
    if (window.count >= attempts) return { taken: false, retryAfterMs: window.endsAt - now }
    window.count++
    this.#makeRoom()
    return { taken: true }
  }

  async giveBack(key: string): Promise<void> {
    const window = this.#windows.get(key)
    if (window !== undefined && window.count > 0) window.count--
  }

  #makeRoom(): void {
    if (this.#windows.size <= this.#capacity) return
    const oldest = this.#windows.keys().next()
    if (oldest.done !== true) this.#windows.delete(oldest.value)
  }
}
