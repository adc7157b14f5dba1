/** What a probe was told. */
export type Verdict = 'accepted' | 'refused' | 'unknown'

/** What to look for in a journal. Instants in milliseconds of the shared monotonic clock. */
export interface Question {
  /** Availability counts what starts from here on, up to `to`. */
  readonly from: number
  readonly to: number
  /** For each of these: how many probes that started later were accepted. */
  readonly cuts: readonly number[]
}

/** What one verifier said of one token over time. Undefined: never. */
export interface Sighting {
  readonly lastAcceptedStart: number | undefined
  /** End of the first refusal after which nothing was accepted. */
  readonly refusedFrom: number | undefined
  /** End of the last probe that was not accepted. */
  readonly lastDeniedEnd: number | undefined
  readonly acceptedAfter: readonly number[]
  readonly accepted: number
  readonly probes: number
}

const VERDICTS = ['accepted', 'refused', 'unknown'] as const
const FIRST_CAPACITY = 1024

/** Every probe of one token at one verifier: when it began, when it ended, and what came of it. */
export class Journal {
  #starts = new Float64Array(FIRST_CAPACITY)
  #ends = new Float64Array(FIRST_CAPACITY)
  #verdicts = new Uint8Array(FIRST_CAPACITY)
  #length = 0

  /** The verdict of the latest probe. */
  get latest(): Verdict | undefined {
    return this.#length === 0 ? undefined : VERDICTS[this.#verdicts[this.#length - 1] ?? 0]
  }

  note(start: number, end: number, verdict: Verdict): void {
    if (this.#length === this.#starts.length) this.#grow()
    this.#starts[this.#length] = start
    this.#ends[this.#length] = end
    this.#verdicts[this.#length] = VERDICTS.indexOf(verdict)
    this.#length++
  }

  answer({ from, to, cuts }: Question): Sighting {
    const acceptedAfter = cuts.map(() => 0)
    let [lastAcceptedStart, refusedFrom, lastDeniedEnd]: (number | undefined)[] = []
    let [accepted, probes] = [0, 0]
    for (let at = 0; at < this.#length; at++) {
      const start = this.#starts[at] ?? 0
      const end = this.#ends[at] ?? 0
      const verdict = VERDICTS[this.#verdicts[at] ?? 0]
      const isCounted = start >= from && start <= to
      if (isCounted) probes++
      if (verdict === 'accepted') {
        if (isCounted) accepted++
        lastAcceptedStart = start
        refusedFrom = undefined
        for (const [index, cut] of cuts.entries())
          if (start > cut) acceptedAfter[index] = (acceptedAfter[index] ?? 0) + 1
      } else {
        lastDeniedEnd = end
        if (verdict === 'refused') refusedFrom ??= end
      }
    }
    return { lastAcceptedStart, refusedFrom, lastDeniedEnd, acceptedAfter, accepted, probes }
  }

  #grow(): void {
    const capacity = this.#starts.length * 2
    const [starts, ends, verdicts] = [new Float64Array(capacity), new Float64Array(capacity), new Uint8Array(capacity)]
    starts.set(this.#starts)
    ends.set(this.#ends)
    verdicts.set(this.#verdicts)
    this.#starts = starts
    this.#ends = ends
    this.#verdicts = verdicts
  }
}
