import { describe, it } from 'vitest'
import {
  attemptCounterCases,
  databaseArchiveCases,
  databaseCases,
  familiarAddressCases,
  nodeBoardCases,
  revocationLogCases,
  sessionArchiveCases,
  sessionStoreCases,
  spentProofCases,
  type OpenStores,
} from '../conformance.ts'
import { createMemoryStores } from './memory/stores.ts'

const open: OpenStores = async () => ({ ...createMemoryStores(), close: async () => undefined })

describe.each([
  { contract: 'session store', cases: sessionStoreCases },
  { contract: 'database', cases: databaseCases },
  { contract: 'revocation log', cases: revocationLogCases },
  { contract: 'board of nodes', cases: nodeBoardCases },
  { contract: 'counters of attempts', cases: attemptCounterCases },
  { contract: 'familiar addresses', cases: familiarAddressCases },
  { contract: 'spent proofs', cases: spentProofCases },
  { contract: 'archive of the database', cases: databaseArchiveCases },
  { contract: 'archive of sessions', cases: sessionArchiveCases },
])('the $contract in memory', ({ cases }) => {
  it.for(cases)('$title', async ({ needs, run }, { skip }) => {
    skip(needs === 'reopen', 'memory keeps nothing')
    await run(open)
  })
})
