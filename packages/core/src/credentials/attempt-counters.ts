/** How many attempts of one kind are allowed in a window. */
export interface AttemptRule {
  /** Keeps the counts of different rules apart: one of a few fixed names. */
  readonly name: string
  readonly attempts: number
  readonly windowMs: number
}

/** What taking an attempt came to. `windowEndsAt` says from which window it was taken. */
export type Taking =
  { readonly taken: true; readonly windowEndsAt: number } | { readonly taken: false; readonly retryAfterMs: number }

/**
 * Counts attempts per rule and subject, in fixed windows that begin with their first attempt. A subject is short and says
 * nothing about whom it stands for. Time is given by the caller; a window that ends later than one that begins now would, comes from
 * a clock that has been set back since, and stands no more. Rejects only when the counters cannot be asked.
 */
export interface AttemptCounters {
  /**
   * Atomic. Counts one attempt if the window has room for it: of N racing callers no more than the rule allows are `taken`.
   * One that is refused is not counted and prolongs nothing.
   */
  take(rule: AttemptRule, subject: string, now: number): Promise<Taking>
  /** Atomic. Gives one back to the window that it was taken from; does nothing when that window has ended, or holds none. */
  giveBack(rule: AttemptRule, subject: string, windowEndsAt: number): Promise<void>
}
