import { afterAll, beforeAll, describe, it } from 'vitest'
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
import { connectTo, startTestServer, type TestServer } from './server.fixture.ts'

let test: TestServer

beforeAll(async () => {
  test = await startTestServer()
})

afterAll(() => test.close())

describe.each([
  ['session store', sessionStoreCases],
  ['database', databaseCases],
  ['revocation log', revocationLogCases],
  ['board of nodes', nodeBoardCases],
  ['attempt counters', attemptCounterCases],
  ['familiar addresses', familiarAddressCases],
  ['spent proofs', spentProofCases],
  ['archive of the database', databaseArchiveCases],
  ['archive of sessions', sessionArchiveCases],
])('the %s in PostgreSQL', (_, cases) => {
  it.each(cases)('$title', async ({ run }) => {
    await run(async () => connectTo(await test.newDatabase()))
  })
})
