import type { VerifierClock } from '../options.ts'

interface Alarm {
  readonly at: number
  readonly ring: () => void
}

/** The system's clocks, until they are put forward: then what was to happen meanwhile happens at once. */
export class ForwardClock implements VerifierClock {
  readonly #alarms = new Set<Alarm>()
  #aheadMs = 0

  now(): number {
    return Date.now() + this.#aheadMs
  }

  monotonic(): number {
    return performance.now() + this.#aheadMs
  }

  after(ms: number, act: () => void): () => void {
    const stop = (): void => {
      clearTimeout(timer)
      this.#alarms.delete(alarm)
    }
    const ring = (): void => {
      stop()
      act()
    }
    const alarm = { at: this.monotonic() + ms, ring }
    const timer = setTimeout(ring, ms)
    this.#alarms.add(alarm)
    return stop
  }

  forward(ms: number): void {
    this.#aheadMs += ms
    const now = this.monotonic()
    const due = [...this.#alarms].filter(({ at }) => at <= now)
    for (const { ring } of due) ring()
  }
}
