import type { SpentProofs } from '@counterfoil/core'
import type { GroupCommit } from './group-commit.ts'

/** Spent proofs in one file, shared by the processes that have it open. Those whose time is long over are removed as others are written. */
export function createSpentProofs(group: GroupCommit): SpentProofs {
  return { spend: async (id, until, now) => group.write('spendProof', [id, until, now]) }
}
