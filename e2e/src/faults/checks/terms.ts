/** An event of the audit log, as far as it is looked at. */
export interface AuditedChange {
  readonly kind: string
  readonly accountId?: string | undefined
  readonly sessionId?: string | undefined
}

/** A time in which something may have been lost that was acknowledged. Milliseconds of the clock of the history. */
export interface LossWindow {
  readonly from: number
  readonly to: number
  /** Whether the database lost it too, with accounts, endings and the audit log; otherwise only sessions and their data are concerned. */
  readonly isDurable?: boolean | undefined
}

/** What a profile promises, where that differs, and what was found in the stores when all was over. */
export interface Terms {
  /** Within what time every node and verifier obeys an ending, in milliseconds. */
  readonly boundMs: number
  /** The loss window of a failover, if the profile has one. */
  readonly mayLose?: LossWindow | undefined
  /** Everything may be lost that the session store held: it came back empty. From this moment on. */
  readonly emptiedAt?: number | undefined
  /** The audit log: what happened, to whom. */
  readonly audit: readonly AuditedChange[]
  /** Account ids by user, as far as they are known. */
  readonly accounts: ReadonlyMap<string, string>
}

/** Whether what happened then may be lost for good: what is in no session store alone. */
export function mayBeForgotten({ mayLose }: Pick<Terms, 'mayLose'>, at: number): boolean {
  return mayLose?.isDurable === true && at >= mayLose.from && at <= mayLose.to
}

/** Whether what the session store was told in this time may be lost. */
export function mayBeDropped(
  { mayLose, emptiedAt }: Pick<Terms, 'mayLose' | 'emptiedAt'>,
  from: number,
  to: number,
): boolean {
  if (emptiedAt !== undefined && from < emptiedAt) return true
  return mayLose !== undefined && to >= mayLose.from && from <= mayLose.to
}
