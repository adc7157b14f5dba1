import type { Clock } from '@counterfoil/core'

/** What the agreed clock works with. */
export interface AgreedClockParts {
  /** This machine's clocks. */
  readonly own: Clock
  /** What the clock shows that all nodes can read, in epoch milliseconds. */
  readonly read: () => Promise<number>
  readonly warn: (message: string) => void
}

const COMPARE_EVERY_MS = 10_000
/** Less than this is not told apart from the time that the answer takes, and does no harm. */
const LEAST_MS = 500
/** An answer that takes longer says too little. */
const MOST_MS = 2000

/**
 * One clock for all nodes of an installation. Whether a refresh token came back in time is told by instants that different nodes wrote, so a node whose
 * clock is an hour off would sign people out. Each node therefore compares its clock with the database's, and reckons with what it is off.
 */
export class AgreedClock implements Clock {
  readonly #parts: AgreedClockParts
  #offsetMs = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(parts: AgreedClockParts) {
    this.#parts = parts
  }

  /** Compares for the first time, and from then on again and again. @throws {StoreUnavailable} */
  static async open(parts: AgreedClockParts): Promise<AgreedClock> {
    const clock = new AgreedClock(parts)
    await clock.compare()
    clock.#timer = setInterval(() => {
      // What cannot be compared now is as far off as it was before.
      clock.compare().catch(() => undefined)
    }, COMPARE_EVERY_MS).unref()
    return clock
  }

  now(): number {
    return this.#parts.own.now() + this.#offsetMs
  }

  monotonic(): number {
    return this.#parts.own.monotonic()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Compares with the clock that all can read. @throws {StoreUnavailable} */
  async compare(): Promise<void> {
    const { own, read, warn } = this.#parts
    const [askedAt, began] = [own.now(), own.monotonic()]
    const shown = await read()
    const took = own.monotonic() - began
    if (took > MOST_MS) return
    // When the answer was made is known as well as half of the time that it took.
    const offsetMs = Math.round(shown - (askedAt + took / 2))
    if (Math.abs(offsetMs - this.#offsetMs) < LEAST_MS + took / 2) return
    this.#offsetMs = Math.abs(offsetMs) < LEAST_MS ? 0 : offsetMs
    const way = offsetMs > 0 ? 'behind' : 'ahead of'
    warn(
      this.#offsetMs === 0
        ? "this machine's clock agrees with the database's again"
        : `this machine's clock is ${seconds(offsetMs)} s ${way} the database's: it is reckoned with; let NTP set both`,
    )
  }
}

function seconds(ms: number): string {
  return (Math.abs(ms) / 1000).toFixed(1)
}
