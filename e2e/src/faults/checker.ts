import { checkAudit } from './checks/audit.ts'
import { checkDurable } from './checks/durable.ts'
import { checkEndings } from './checks/endings.ts'
import { checkHonest } from './checks/honest.ts'
import { gatherSessions } from './checks/known-sessions.ts'
import { checkOutages } from './checks/outages.ts'
import { checkRecovery } from './checks/recovery.ts'
import { checkSuccessors } from './checks/successors.ts'
import type { Terms } from './checks/terms.ts'
import type { Call, Violation } from './history.ts'

export type { Terms }

/** What a history amounts to. What was lost is what a profile allows to be lost, in the loss window of a failover. */
export interface Verdict {
  readonly violations: readonly Violation[]
  readonly lostSessions: number
  /** Sessions that were ended, and live again. */
  readonly lostEndings: number
  /** Sign-ups and password changes. */
  readonly lostChanges: number
}

/** Holds a history to the promises. Pure. */
export function checkHistory(calls: readonly Call[], terms: Terms): Verdict {
  const sessions = gatherSessions(calls)
  const endings = checkEndings(calls, sessions, terms)
  const honest = checkHonest(calls, sessions, terms)
  const durable = checkDurable(calls, terms)
  return {
    violations: [
      ...checkSuccessors(calls),
      ...endings.violations,
      ...honest.violations,
      ...checkOutages(calls),
      ...durable.violations,
      ...checkAudit(calls, terms),
      ...checkRecovery(calls),
    ],
    lostSessions: honest.lost,
    lostEndings: endings.lost,
    lostChanges: durable.lost,
  }
}
