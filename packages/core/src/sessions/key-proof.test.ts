import { STRATEGIES, type AccessTokenClaims, type ApplicationId, type Strategy } from '@counterfoil/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { application, happened, openBench, ORIGIN, PASSWORD, signIn, type Bench } from '../auth.fixture.ts'
import type { Outcome } from '../refusal.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'
import type { SignedIn } from './caller.ts'
import { judgeProof, type KeyProof } from './key-proof.ts'

const SHOP = 'shop' as ApplicationId
const KEY = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
const EMAIL = 'ada@example.com'
const WINDOW_SECONDS = 30

let bench: Bench
beforeEach(async () => {
  bench = await openBench(createMemoryStores())
})

/** A proof that has not been used yet. */
function proofOf(keyThumbprint = KEY): KeyProof & { spent: number } {
  const proof = {
    keyThumbprint,
    spent: 0,
    spend: async () => ++proof.spent === 1,
  }
  return proof
}

const declare = (strategy: Strategy): Promise<void> =>
  bench.auth.declareApplications([application(strategy, { id: SHOP })])

async function begin(strategy: Strategy, proof: KeyProof | undefined = proofOf()): Promise<SignedIn> {
  await declare(strategy)
  // Signs the account up, too.
  await signIn(bench, SHOP)
  return happened(await bench.auth.signIn({ applicationId: SHOP, email: EMAIL, password: PASSWORD, proof }, ORIGIN))
}

const refresh = (token: string, proof?: KeyProof): Promise<Outcome<SignedIn>> =>
  bench.auth.refresh(token, SHOP, ORIGIN, proof)

function heldOf({ credentials }: SignedIn): string {
  const held = credentials.refreshToken ?? credentials.sessionToken
  if (held === undefined) throw new Error('nothing to go on with')
  return held
}

function keyOf({ credentials: { accessToken = '' } }: SignedIn): string | undefined {
  const [, payload = ''] = accessToken.split('.')
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as AccessTokenClaims).cnf?.jkt
}

const auditOf = async (kind: string): Promise<unknown[]> =>
  (await bench.stores.database.readAudit(0, 1000)).filter((event) => event.kind === kind)

describe('a session that is bound to a key', () => {
  it.each(['stateless', 'hybrid'] as const)(
    'RFC 9449 5 is one that began %s with a proof, which is used up',
    async (strategy) => {
      const proof = proofOf()
      const signedIn = await begin(strategy, proof)
      expect([signedIn.session.keyThumbprint, keyOf(signedIn), proof.spent]).toEqual([KEY, KEY, 1])
      expect((await begin(strategy)).session.keyThumbprint).toBe(KEY)
      const input = { applicationId: SHOP, email: EMAIL, password: PASSWORD, proof }
      expect(await bench.auth.signIn(input, ORIGIN)).toMatchObject({ refused: 'invalid_dpop_proof' })
    },
  )

  it.each(['stateless', 'hybrid'] as const)(
    'V10.4.14 RFC 9700 2.2.1 is every one of a %s application that takes no others',
    async (strategy) => {
      await begin(strategy)
      await bench.auth.declareApplications([application(strategy, { id: SHOP, requiresProof: true })])
      const input = { applicationId: SHOP, email: EMAIL, password: PASSWORD }
      expect(await bench.auth.signIn(input, ORIGIN)).toMatchObject({ refused: 'invalid_dpop_proof' })
      const signedIn = happened(await bench.auth.signIn({ ...input, proof: proofOf() }, ORIGIN))
      expect(keyOf(signedIn)).toBe(KEY)
      expect(keyOf(happened(await refresh(heldOf(signedIn), proofOf())))).toBe(KEY)
    },
  )

  it('is none that began stateful: nothing is used up, and nothing asked later', async () => {
    const proof = proofOf()
    const signedIn = await begin('stateful', proof)
    expect([signedIn.session.keyThumbprint, proof.spent]).toEqual([undefined, 0])
    await declare('hybrid')
    expect(keyOf(happened(await refresh(heldOf(signedIn))))).toBeUndefined()
  })

  it('costs a wrong password no proof', async () => {
    await begin('hybrid')
    const proof = proofOf()
    const input = { applicationId: SHOP, email: EMAIL, password: 'wrong', proof }
    expect(await bench.auth.signIn(input, ORIGIN)).toMatchObject({ refused: 'sign_in_failed' })
    expect(proof.spent).toBe(0)
  })

  it.each(['stateless', 'hybrid'] as const)(
    'V10.4.5 that is %s is neither refreshed nor ended by its token alone',
    async (strategy) => {
      const signedIn = await begin(strategy)
      const held = heldOf(signedIn)
      expect(await refresh(held)).toMatchObject({ refused: 'invalid_dpop_proof' })
      expect(await refresh(held, proofOf('another'))).toEqual({ refused: 'credential_bound' })
      const used = proofOf()
      await used.spend()
      expect(await refresh(held, used)).toMatchObject({ refused: 'invalid_dpop_proof' })
      bench.clock.forward(3600)
      expect(keyOf(happened(await refresh(held, proofOf())))).toBe(KEY)
      expect(await auditOf('refresh.reuse_detected')).toEqual([])
    },
  )

  it('uses one proof for one refresh, however many tabs race', async () => {
    const held = heldOf(await begin('hybrid'))
    const proofs = Array.from({ length: 20 }, () => proofOf())
    const answers = await Promise.all(proofs.map((proof) => refresh(held, proof)))
    expect(new Set(answers.map((answer) => heldOf(happened(answer)))).size).toBe(1)
    expect(proofs.map(({ spent }) => spent)).toEqual(proofs.map(() => 1))
  })
})

const transitions = STRATEGIES.flatMap((from) =>
  STRATEGIES.filter((to) => to !== from && from !== 'stateful').map((to) => [from, to] as const),
)

describe.each(transitions)('a bound session that began %s, in an application that is %s now', (from, to) => {
  it('keeps its key, there and back', async () => {
    const old = await begin(from)
    await declare(to)
    expect(await refresh(heldOf(old))).toMatchObject({ refused: 'invalid_dpop_proof' })
    const moved = happened(await refresh(heldOf(old), proofOf()))
    expect([moved.session.strategy, moved.session.keyThumbprint]).toEqual([to, KEY])
    if (to !== 'stateful') expect(keyOf(moved)).toBe(KEY)
    bench.clock.forward(WINDOW_SECONDS + 1)
    await bench.auth.upkeep()
    await declare(from)
    expect(await refresh(heldOf(moved))).toMatchObject({ refused: 'invalid_dpop_proof' })
    expect(await refresh(heldOf(moved), proofOf('another'))).toEqual({ refused: 'credential_bound' })
    const back = happened(await refresh(heldOf(moved), proofOf()))
    expect([back.session.id, back.session.strategy, keyOf(back)]).toEqual([old.session.id, from, KEY])
    expect(await auditOf('refresh.reuse_detected')).toEqual([])
  })
})

describe('the answer of a refresh that was lost', () => {
  it.each([
    ['hybrid', 'hybrid'],
    ['hybrid', 'stateful'],
    ['stateless', 'hybrid'],
    ['stateless', 'stateful'],
  ] as const)('comes again, however late, to who has the key: %s to %s', async (from, to) => {
    const old = await begin(from)
    await declare(to)
    const lost = happened(await refresh(heldOf(old), proofOf()))
    bench.clock.forward(WINDOW_SECONDS + 1)
    expect(await refresh(heldOf(old))).toMatchObject({ refused: 'invalid_dpop_proof' })
    const again = happened(await refresh(heldOf(old), proofOf()))
    expect(heldOf(again)).toBe(heldOf(lost))
    expect(await auditOf('session.recovered')).toMatchObject([{ sessionId: old.session.id }])
    expect(happened(await refresh(heldOf(again), proofOf())).session.id).toBe(old.session.id)
  })

  it('comes again within the window only, where the session has become stateless: then nothing is left of its record', async () => {
    const old = await begin('hybrid')
    await declare('stateless')
    const lost = happened(await refresh(heldOf(old), proofOf()))
    bench.clock.forward(WINDOW_SECONDS)
    const again = happened(await refresh(heldOf(old), proofOf()))
    expect([again.session.id, keyOf(again)]).toEqual([old.session.id, KEY])
    bench.clock.forward(1)
    expect(await refresh(heldOf(old), proofOf())).toEqual({ refused: 'credential_ended' })
    // Too late is no theft: what did arrive goes on.
    for (const arrived of [lost, again]) expect(keyOf(happened(await refresh(heldOf(arrived), proofOf())))).toBe(KEY)
    expect(await auditOf('refresh.reuse_detected')).toEqual([])
  })
})

it('a proof that cannot be asked about is neither good nor bad', async () => {
  const spend = (): Promise<never> => Promise.reject(new StoreUnavailable('away'))
  await expect(judgeProof({ keyThumbprint: KEY }, { keyThumbprint: KEY, spend })).rejects.toThrow(StoreUnavailable)
  expect(await judgeProof({}, { keyThumbprint: KEY, spend })).toBeUndefined()
})
