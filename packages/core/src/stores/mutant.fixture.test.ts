import { describe, expect, it } from 'vitest'
import { attemptCounterCases } from '../credentials/attempt-counters.conformance.ts'
import { familiarAddressCases } from '../credentials/familiar-addresses.conformance.ts'
import { spentProofCases } from '../credentials/spent-proofs.conformance.ts'
import { databaseArchiveCases, sessionArchiveCases } from './archive.conformance.ts'
import { databaseCases } from './database.conformance.ts'
import { caseNamed, tryCase } from './mutant.fixture.ts'
import { nodeBoardCases } from './node-board.conformance.ts'
import { revocationLogCases } from './revocation-log.conformance.ts'
import { sessionStoreCases } from './session-store.conformance.ts'

const cases = [
  ...sessionStoreCases,
  ...databaseCases,
  ...revocationLogCases,
  ...nodeBoardCases,
  ...attemptCounterCases,
  ...familiarAddressCases,
  ...spentProofCases,
  ...databaseArchiveCases,
  ...sessionArchiveCases,
]

describe('the suites', () => {
  it.for(cases)('pass with sound stores, also where these are opened again: $title', async (one) => {
    expect(await tryCase(one, { mutate: () => ({}) })).toBeUndefined()
  })

  it('name each promise once', () => {
    for (const { title } of cases) expect(caseNamed(title, cases).title).toBe(title)
  })
})
