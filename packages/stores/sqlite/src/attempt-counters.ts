import type { AttemptCounters } from '@counterfoil/core'
import type { GroupCommit } from './group-commit.ts'

/** Counters in one file, shared by the processes that have it open. Windows that have ended are removed as others are written. */
export function createAttemptCounters(group: GroupCommit): AttemptCounters {
  return {
    take: async (rule, subject, now) => group.write('takeAttempt', [rule, subject, now]),
    giveBack: async ({ name }, subject, windowEndsAt) => group.write('giveAttemptBack', [name, subject, windowEndsAt]),
  }
}
