import { expect, it } from 'vitest'
import { happened, openBench, ORIGIN, refreshTokenOf, signIn, STATELESS } from '../auth.fixture.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'
import { signJwt } from './jwt.ts'
import { KeyRing } from './key-ring.ts'
import { keyTimes } from './key-times.ts'
import { createSealing } from './sealing.ts'

it('RFC 8725 3.12 a refresh token is what has its type: the same claims under any other, by the same key, buy nothing', async () => {
  const bench = await openBench(createMemoryStores())
  const { clock, policy, stores } = bench
  const { database } = stores
  const token = refreshTokenOf(await signIn(bench, STATELESS))
  const claims: object = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const random = (length: number): Uint8Array => new Uint8Array(length)
  const { signingAlgorithm } = policy
  // The keys of the same installation, as it reads them when it starts.
  const sealing = createSealing(new Uint8Array(32).fill(9), random)
  const times = () => keyTimes(database, policy)
  const keys = new KeyRing({ database, sealing, clock, random, signingAlgorithm, times })
  await keys.upkeep()
  const signer = keys.signerAt('jwt', clock.now())
  happened(await bench.auth.refresh(signJwt('rt+jwt', claims, signer), STATELESS, ORIGIN))
  for (const type of ['dpop+jwt', 'at+jwt', 'JWT', ''])
    expect(await bench.auth.refresh(signJwt(type, claims, signer), STATELESS, ORIGIN)).toEqual({
      refused: 'credential_untrusted',
    })
})
