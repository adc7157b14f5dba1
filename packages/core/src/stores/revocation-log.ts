import type { LogHead, NewRevocation, Revocation, SessionId } from '@counterfoil/protocol'

/** Stops what a subscription started. */
export type Unsubscribe = () => void

/**
 * One totally ordered, durable log of what ended. Positions are integers from 1 on, without gaps, in commit order.
 * A record is committed when `append` resolves. Rejects with `StoreUnavailable` only.
 */
export interface RevocationLog {
  /** Appends the records one after the other, all or none; the position of the last. An empty list changes nothing and answers the head. */
  append(records: readonly NewRevocation[]): Promise<LogHead>

  /**
   * At most `limit` records after position `after`, in order, with the head of the same moment. `compacted` when records after `after` have been
   * removed: the reader starts from a snapshot.
   */
  read(
    after: number,
    limit: number,
  ): Promise<{ readonly records: readonly Revocation[]; readonly head: LogHead } | 'compacted'>

  /** The end of the log: no smaller position can still appear. Position 0 when nothing was ever appended. */
  head(): Promise<LogHead>

  /** Whether the log still holds a record that ends this one session. */
  holdsSession(id: SessionId): Promise<boolean>

  /** Calls back after an append. A hint: it may be lost, doubled, or come before `append` resolves. */
  watch(onAppend: () => void): Unsubscribe

  /**
   * Removes records from the beginning of the log, up to the first that was not decided before `before` (epoch ms); how many. What
   * remains has no gaps, and positions are never given out again.
   */
  compact(before: number): Promise<number>
}
