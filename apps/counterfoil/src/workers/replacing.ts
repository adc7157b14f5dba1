/** A worker that has lived for so long did not die of how it was started. */
const STEADY_MS = 30_000

const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000

/** How long to wait before a worker that has died gets a successor: longer each time that one after the other dies young. */
export function pauseBeforeReplacing(livedMs: number, previousPauseMs: number): number {
  if (livedMs >= STEADY_MS) return SHORTEST_PAUSE_MS
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, previousPauseMs * 2))
}
