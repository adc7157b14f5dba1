/* oxlint-disable vitest/no-conditional-tests, vitest/no-disabled-tests -- the vectors lie beside the repository, and may be absent */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ENGINES } from './issuer.fixture.ts'
import type { Jwk } from './jwk.ts'
import { verifyJws } from './verify-jws.ts'

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws: unknown
  readonly result: 'valid' | 'invalid'
}

interface Group {
  readonly comment: string
  readonly public?: Jwk
  readonly private: Jwk
  readonly tests: readonly Vector[]
}

const FILE = new URL('../../../../shared/vectors/wycheproof-jws-third.json', import.meta.url)

function readGroups(): readonly Group[] {
  return (JSON.parse(readFileSync(FILE, 'utf8')) as { testGroups: Group[] }).testGroups
}

function textOf({ jws }: Vector): string {
  return typeof jws === 'string' ? jws : JSON.stringify(jws)
}

if (existsSync(FILE)) {
  describe.each(ENGINES)('Wycheproof JSON Web Signature vectors (%s)', (engine) => {
    const groups = readGroups()

    describe.each(groups.filter((group) => group.public !== undefined))('$comment', ({ public: key, tests }) => {
      it.each(tests)('case $tcId is $result: $comment', async (vector) => {
        const { outcome } = await verifyJws(textOf(vector), { keys: key === undefined ? [] : [key] }, { engine })
        expect(outcome).toBe(vector.result === 'valid' ? 'verified' : 'refused')
      })
    })

    describe.each(groups.filter((group) => group.public === undefined))('$comment, a symmetric key', (group) => {
      it.each(group.tests)('case $tcId is refused, since the key is none to trust: $comment', async (vector) => {
        const { outcome } = await verifyJws(textOf(vector), { keys: [group.private] }, { engine })
        expect([group.private.kty, outcome]).toEqual(['oct', 'refused'])
      })
    })
  })
} else {
  describe('Wycheproof JSON Web Signature vectors', () => {
    it.skip(`SKIPPED: none of the vectors was tried, because there is no ${FILE.pathname}`, () => undefined)
  })
}
