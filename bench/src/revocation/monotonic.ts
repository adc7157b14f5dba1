const NANOS_PER_MS = 1e6

/** Milliseconds of the clock that all processes of one machine share, and that never goes back. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / NANOS_PER_MS
}

/** Resolves after this many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
