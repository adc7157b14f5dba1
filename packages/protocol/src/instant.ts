/** A moment as this process sees it: by a clock that never goes back, and by one that a suspended machine does not stop. Milliseconds. */
export interface Instant {
  readonly monotonic: number
  readonly wall: number
}

/** How long ago that was, at least: the larger of both distances, so that a machine that slept wakes up late, not early. */
export function elapsedMs(since: Instant, now: Instant): number {
  return Math.max(now.monotonic - since.monotonic, now.wall - since.wall)
}
