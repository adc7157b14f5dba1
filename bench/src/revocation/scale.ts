/** How large a run is. */
export interface Scale {
  readonly processes: number
  readonly verifiersEach: number
  /** Revocations of each manner without faults. */
  readonly rounds: number
  /** Records in a burst. */
  readonly burst: number
  readonly bursts: number
  /** Length of a lease while there are faults. */
  readonly faultLeaseSeconds: number
  /** Whether only the first fault is tried. */
  readonly oneFault: boolean
}

export const WHOLE: Scale = {
  processes: 4,
  verifiersEach: 50,
  rounds: 100,
  burst: 2000,
  bursts: 5,
  faultLeaseSeconds: 2,
  oneFault: false,
}

export const QUICK: Scale = {
  processes: 2,
  verifiersEach: 10,
  rounds: 5,
  burst: 200,
  bursts: 2,
  faultLeaseSeconds: 1,
  oneFault: true,
}

/** Says how far a run is. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
