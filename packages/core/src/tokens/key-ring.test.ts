import { SIGNING_ALGORITHMS, type AccessTokenClaims, type ApplicationId, type KeyId } from '@counterfoil/protocol'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  application,
  happened,
  HYBRID,
  openBench,
  ORIGIN,
  refreshTokenOf,
  signIn,
  STATELESS,
  type Bench,
} from '../auth.fixture.ts'
import { createAuth } from '../auth.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'
import type { SignedIn } from '../sessions/caller.ts'
import { WrongSecret } from './sealing.ts'

const ISSUER = 'https://auth.example.com'
const DAY = 86_400

function accessTokenOf({ credentials }: SignedIn): string {
  return credentials.accessToken ?? ''
}

/** What an independent library says of an access token and the published keys. */
async function verifyWithJose({ auth, clock }: Bench, token: string): Promise<AccessTokenClaims> {
  const keys = createLocalJWKSet({ keys: auth.publicKeys().map((key) => ({ ...key })) })
  const options = { issuer: ISSUER, audience: ISSUER, typ: 'at+jwt', currentDate: new Date(clock.now()) }
  return (await jwtVerify<AccessTokenClaims>(token, keys, options)).payload
}

const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? ''

describe.each(SIGNING_ALGORITHMS)('access tokens signed with %s', (signingAlgorithm) => {
  it('RFC 8725 3.11 RFC 9068 2.1 are of their own type, and anybody with the public key verifies them', async () => {
    const bench = await openBench(createMemoryStores(), { signingAlgorithm })
    const token = accessTokenOf(await signIn(bench, HYBRID))
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: signingAlgorithm, typ: 'at+jwt' })
    await verifyWithJose(bench, token)
  })

  it('a refresh of a stateless session takes its own refresh token', async () => {
    const bench = await openBench(createMemoryStores(), { signingAlgorithm })
    const token = refreshTokenOf(await signIn(bench, STATELESS))
    happened(await bench.auth.refresh(token, STATELESS, ORIGIN))
  })
})

it('RFC 9068 2.2 RFC 9068 2.2.1 an access token says who, where, for whom, when, and how the user signed in', async () => {
  const bench = await openBench(createMemoryStores())
  const signedIn = await signIn(bench, HYBRID)
  const claims = await verifyWithJose(bench, accessTokenOf(signedIn))
  const now = Math.floor(bench.clock.now() / 1000)
  expect(claims).toMatchObject({
    iss: ISSUER,
    aud: ISSUER,
    sub: signedIn.account.id,
    client_id: 'hybrid',
    sid: signedIn.session.id,
  })
  expect(claims).toMatchObject({ iat: now, exp: now + 300, auth_time: now, amr: ['pwd'], roles: [] })
  expect(Buffer.from(claims.jti, 'base64url')).toHaveLength(16)
})

it('RFC 9068 5 RFC 9700 4.15 the subject is an account, whose name nobody chooses, and never an application', async () => {
  const bench = await openBench(createMemoryStores())
  await bench.auth.declareApplications([application('hybrid', { id: 'A'.repeat(22) as ApplicationId })])
  for (const email of ['hybrid', HYBRID, 'A'.repeat(22)].map((name) => `${name}@example.com`)) {
    const signedIn = await signIn(bench, 'A'.repeat(22) as ApplicationId, email)
    const claims = await verifyWithJose(bench, accessTokenOf(signedIn))
    expect(Buffer.from(String(claims.sub), 'base64url')).toHaveLength(16)
    expect([claims.sub, claims['client_id']]).toEqual([signedIn.account.id, 'A'.repeat(22)])
    expect(claims.sub).not.toBe(claims['client_id'])
  }
})

describe('signing keys', () => {
  it('the next key is published before it signs', async () => {
    const bench = await openBench(createMemoryStores())
    const [signer, next] = bench.auth.publicKeys()
    expect(bench.auth.publicKeys()).toHaveLength(2)
    expect(kidOf(accessTokenOf(await signIn(bench, HYBRID)))).toBe(signer?.kid)
    expect(next?.kid).not.toBe(signer?.kid)
  })

  it('hold no private part in what is published', async () => {
    const { auth } = await openBench(createMemoryStores(), { signingAlgorithm: 'RS256' })
    for (const key of auth.publicKeys())
      for (const member of ['d', 'p', 'q', 'k']) expect(key).not.toHaveProperty(member)
  })

  it('change by schedule: the next one signs, another is published, and the retired one stays until its last token has expired', async () => {
    const bench = await openBench(createMemoryStores())
    const stateless = await signIn(bench, STATELESS)
    const [first, second] = bench.auth.publicKeys().map(({ kid }) => kid)
    bench.clock.forward(90 * DAY - 3600)
    await bench.auth.upkeep()
    const late = await signIn(bench, STATELESS)
    expect(kidOf(accessTokenOf(stateless))).toBe(first)
    bench.clock.forward(2 * 3600)
    await bench.auth.upkeep()
    expect(kidOf(accessTokenOf(await signIn(bench, HYBRID)))).toBe(second)
    expect(bench.auth.publicKeys().map(({ kid }) => kid)).toEqual([first, second, expect.any(String)])
    happened(await bench.auth.refresh(refreshTokenOf(late), STATELESS, ORIGIN))
    bench.clock.forward(DAY)
    await bench.auth.upkeep()
    expect(bench.auth.publicKeys().map(({ kid }) => kid)).not.toContain(first)
  })

  it('change by hand, but not before every verifier can know the next one', async () => {
    const bench = await openBench(createMemoryStores())
    const before = kidOf(accessTokenOf(await signIn(bench, HYBRID)))
    const { activeAt } = await bench.auth.rotateKeys()
    expect(activeAt - bench.clock.now()).toBe(bench.policy.keyPublicationSeconds * 1000)
    expect(kidOf(accessTokenOf(await signIn(bench, HYBRID)))).toBe(before)
    bench.clock.forward(bench.policy.keyPublicationSeconds)
    await bench.auth.upkeep()
    const token = accessTokenOf(await signIn(bench, HYBRID))
    expect(kidOf(token)).not.toBe(before)
    await verifyWithJose(bench, token)
  })

  it('that may have been stolen is taken out of use at once, and the next one signs before its turn', async () => {
    const bench = await openBench(createMemoryStores())
    const [stolen, next] = bench.auth.publicKeys()
    if (stolen === undefined || next === undefined) throw new Error('there are no two keys')
    const ended = await bench.auth.killKey(stolen.kid as KeyId)
    expect(ended?.head.position).toBe(1)
    expect(bench.auth.publicKeys().map(({ kid }) => kid)).not.toContain(stolen.kid)
    expect(bench.auth.publicKeys()).toHaveLength(2)
    expect(kidOf(accessTokenOf(await signIn(bench, HYBRID)))).toBe(next.kid)
    const reading = await bench.stores.log.read(0, 10)
    expect(reading).toMatchObject({ records: [{ kind: 'key', keyId: stolen.kid }] })
    expect(await bench.auth.killKey(stolen.kid as KeyId)).toBeUndefined()
  })

  it('two nodes that start on one empty database use the same keys', async () => {
    const stores = createMemoryStores()
    const [one, other] = await Promise.all([openBench(stores), openBench(stores)])
    await one.auth.upkeep()
    await other.auth.upkeep()
    expect(one.auth.publicKeys()).toEqual(other.auth.publicKeys())
    expect(one.auth.publicKeys()).toHaveLength(2)
  })

  it('are not opened with another secret, and lie encrypted in the database', async () => {
    const bench = await openBench(createMemoryStores())
    const { clock, policy, stores } = bench
    const random = (length: number): Uint8Array => new Uint8Array(length)
    const parts = { ...stores, issuer: ISSUER, policy, clock, random }
    await expect(createAuth({ ...parts, secret: new Uint8Array(32).fill(1) })).rejects.toThrow(WrongSecret)
    await expect(createAuth({ ...parts, secret: new Uint8Array(31) })).rejects.toThrow('at least 32 bytes')
    for (const { sealed } of await stores.database.listKeys()) {
      expect(Buffer.from(sealed).includes('PRIVATE')).toBe(false)
      expect(sealed.length).toBeGreaterThan(32)
    }
  })
})
