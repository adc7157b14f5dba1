import { type Revocation, elapsedMs, type Instant } from '@counterfoil/protocol'

/** What a feed has measured of itself. Milliseconds. */
export interface FeedFigures {
  /** From the decision of a revocation (by the issuer's clock) until it was applied here: of the latest record, and the largest. */
  readonly lagMs: { readonly last: number | undefined; readonly max: number | undefined }
  readonly applied: number
  /** Time without a lease, since there first was one. */
  readonly staleMs: number
}

/** Measures how well a feed is followed. */
export class FeedMeter {
  #since: Instant
  #isStale = false
  #staleMs = 0
  #applied = 0
  #last: number | undefined
  #max: number | undefined

  constructor(now: Instant) {
    this.#since = now
  }

  /** Notes that a lease is held from now on, or no longer; how long the time without one was. */
  holding(holding: boolean, now: Instant): number {
    const staleMs = this.#isStale ? elapsedMs(this.#since, now) : 0
    this.#staleMs += staleMs
    this.#isStale = !holding
    this.#since = now
    return staleMs
  }

  /** Notes records; the lag of the oldest of them. */
  applied(records: readonly Revocation[], { wall }: Instant): number {
    this.#applied += records.length
    const lags = records.map(({ at }) => Math.max(0, wall - at))
    const largest = lags.reduce((one, other) => Math.max(one, other), 0)
    this.#last = lags.at(-1)
    this.#max = Math.max(this.#max ?? 0, largest)
    return largest
  }

  figures(now: Instant): FeedFigures {
    const running = this.#isStale ? elapsedMs(this.#since, now) : 0
    return { lagMs: { last: this.#last, max: this.#max }, applied: this.#applied, staleMs: this.#staleMs + running }
  }
}
