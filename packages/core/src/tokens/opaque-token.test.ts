import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { happened, openBench, sessionTokenOf, signIn, STATEFUL, type Bench } from '../auth.fixture.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'

let bench: Bench
let token: string

beforeAll(async () => {
  bench = await openBench(createMemoryStores())
  token = sessionTokenOf(await signIn(bench, STATEFUL))
})

it('RFC 9700 4.14.2 binding a token with any one bit changed is refused', async () => {
  const genuine = Buffer.from(token.slice(4), 'base64url')
  for (let bit = 0; bit < genuine.length * 8; bit++) {
    const changed = Buffer.from(genuine)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const outcome = await bench.auth.recogniseSessionToken(`cfs_${changed.toString('base64url')}`)
    expect(outcome).toMatchObject({ refused: expect.stringMatching(/^credential_(untrusted|malformed)$/) })
  }
  happened(await bench.auth.recogniseSessionToken(token))
})

it('a session token is no refresh token in other clothes, and the other way round', async () => {
  const asRefresh = `cfr_${token.slice(4)}`
  expect(await bench.auth.refresh(asRefresh, undefined, {})).toMatchObject({ refused: 'credential_untrusted' })
  expect(await bench.auth.recogniseSessionToken(asRefresh)).toMatchObject({ refused: 'credential_untrusted' })
})

it('any text is refused for a reason, and breaks nothing', async () => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^cf[rs]_[A-Za-z0-9_-]{0,80}$/))
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      expect(await bench.auth.recogniseSessionToken(text)).toHaveProperty('refused')
      expect(await bench.auth.refresh(text, undefined, {})).toHaveProperty('refused')
      expect(await bench.auth.introspect(text, undefined)).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})
