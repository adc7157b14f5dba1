import type { Environment } from './environment.ts'

/** What the client has in its hands, in memory alone. */
export interface Held {
  /** The access token; or the session token where that is not in a cookie; undefined where all is in a cookie. */
  readonly token: string | undefined
  readonly scheme: 'Bearer' | 'DPoP'
  /** How long the token lives from `since` on, in milliseconds. */
  readonly lifeMs: number
  readonly since: Instants
}

/** One moment on both clocks of the device. */
export interface Instants {
  /** Never goes back, and may stand still while the device sleeps. */
  readonly monotonic: number
  /** May be wrong, and may be set. */
  readonly wall: number
}

export function instants({ monotonicNow, now }: Pick<Environment, 'monotonicNow' | 'now'>): Instants {
  return { monotonic: monotonicNow(), wall: now() }
}

/** An instant of the clock on the wall, on both clocks. Pure. */
export function instantsAt(wall: number, now: Instants): Instants {
  return { wall, monotonic: now.monotonic - Math.max(0, now.wall - wall) }
}

/**
 * How much time has passed, in milliseconds, by whichever clock says more: a monotonic one may stand still while the device sleeps, and that of the
 * wall may be set back. What the wall clock says is of no importance, only how it moved. Pure.
 */
export function elapsedMs(since: Instants, now: Instants): number {
  return Math.max(now.monotonic - since.monotonic, now.wall - since.wall)
}

/** A token is renewed when a tenth of its life is left, and at most this long before its end. */
const MOST_MARGIN_MS = 30_000

/** Whether a token should be renewed before it is used. Pure. */
export function isSpent({ lifeMs, since }: Held, now: Instants): boolean {
  return elapsedMs(since, now) >= lifeMs - Math.min(lifeMs / 10, MOST_MARGIN_MS)
}
