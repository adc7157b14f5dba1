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
} from '@counterfoil/core/conformance'
import type { ConnectedStores } from '@counterfoil/core/conformance'
import { openSqlite } from './open.ts'
import { newPath } from './scratch.fixture.ts'

async function openAt(path: string): Promise<ConnectedStores> {
  const stores = await openSqlite({ path })
  return {
    ...stores,
    async reopen() {
      await stores.close()
      return openAt(path)
    },
  }
}

describe.each([
  ['session store', sessionStoreCases],
  ['database', databaseCases],
  ['revocation log', revocationLogCases],
  ['board of nodes', nodeBoardCases],
  ['counters of attempts', attemptCounterCases],
  ['familiar addresses', familiarAddressCases],
  ['spent proofs', spentProofCases],
  ['archive of the database', databaseArchiveCases],
  ['archive of sessions', sessionArchiveCases],
])('the %s in SQLite', (_, cases) => {
  it.each(cases)('$title', ({ run }) => run(() => openAt(newPath())))
})
