import type { FamiliarAddresses } from '@counterfoil/core'
import type { GroupCommit } from './group-commit.ts'
import type { Reader } from './reader.ts'
import { prepareQuery } from './statements.ts'

/** Familiar addresses in one file, shared by the processes that have it open. Those whose time is over are removed as others are written. */
export function createFamiliarAddresses({ db, answer }: Reader, group: GroupCommit): FamiliarAddresses {
  const find = prepareQuery(db, 'SELECT 1 FROM familiar_addresses WHERE account = ? AND place = ? AND ? < expires_at')
  // Who remembers does not say what time it is, and has asked before: every sign-in does.
  let lastAskedAt = 0
  return {
    knows(account, place, now) {
      lastAskedAt = now
      return answer(() => find.first(account, place, now) !== undefined)
    },
    remember: async (account, place, until) => group.write('rememberAddress', [account, place, until, lastAskedAt]),
  }
}
