import { MemorySpentProofs } from '@counterfoil/core'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeProof, makeProofKey, type ProofFor, type ProofKeyPair } from '../proof.fixture.ts'
import {
  breakable,
  EMAIL,
  ISSUER,
  openServer,
  PASSWORD,
  present,
  refresh,
  signIn,
  TestClock,
  type Answer,
  type Call,
  type Held,
  type TestServer,
} from '../server.fixture.ts'

let test: TestServer
let key: ProofKeyPair
beforeAll(async () => {
  test = await openServer()
})
beforeEach(() => {
  key = makeProofKey()
})

/** A proof for a path of the issuer, by the client's key. */
function proof(path: string, more: Partial<ProofFor> = {}): string {
  return makeProof(key, test.clock, { url: ISSUER + path, ...more })
}

function signInBound(clientId: string, more: Partial<ProofFor> = {}): Promise<Held> {
  return signIn(test, clientId, { headers: { dpop: proof('/sessions', more) } })
}

function refreshBound(clientId: string, token: string, more: Partial<ProofFor> = {}): Promise<Answer> {
  return refresh(test, clientId, token, { headers: { dpop: proof('/oauth/token', more) } })
}

/** A request for the account with a bound token, and a proof for it. */
function ask(held: Held, given: Partial<ProofFor> = {}): Promise<Answer> {
  const token = present(held.token)
  const dpop = proof('/account', { method: 'GET', token, ...given })
  return test.call({ path: '/account', headers: { authorization: `DPoP ${token}`, dpop } })
}

function said({ status, body, headers }: Answer): unknown[] {
  return [status, body['code'] ?? body['error'], headers['www-authenticate']?.split(' ')[0]]
}

describe('the time of a proof', () => {
  const DAY = 86_400

  it.each([-DAY, DAY])(
    'RFC 9449 8 of a client whose clock is wrong by %d s is that of the nonce which it is given',
    async (ahead) => {
      const wrong = { iat: Math.floor(test.clock.now() / 1000) + ahead }
      const json = { client_id: 'hybrid', email: EMAIL, password: PASSWORD }
      const first = await test.call({
        path: '/sessions',
        json,
        headers: { dpop: proof('/sessions', { claims: wrong }) },
      })
      expect(said(first)).toEqual([401, 'use_dpop_nonce', 'DPoP'])
      expect(first.headers['www-authenticate']).toContain('error="use_dpop_nonce"')
      const nonce = present(first.headers['dpop-nonce'])
      const held = await signInBound('hybrid', { claims: wrong, nonce })
      expect((await ask(held, { claims: wrong, nonce })).status).toBe(200)
      const refused = await refreshBound('hybrid', present(held.refreshToken), { claims: wrong })
      expect(said(refused).slice(0, 2)).toEqual([400, 'use_dpop_nonce'])
      const again = { claims: wrong, nonce: present(refused.headers['dpop-nonce']) }
      expect((await refreshBound('hybrid', present(held.refreshToken), again)).status).toBe(200)
    },
  )

  it('is its own where the clock is right, and no nonce is handed out', async () => {
    const held = await signInBound('hybrid')
    expect(held.answer.headers['dpop-nonce']).toBeUndefined()
    expect((await ask(held)).headers['dpop-nonce']).toBeUndefined()
  })

  it('RFC 9449 9 is that of a nonce, for everybody, where the policy says so', async () => {
    const strict = await openServer({ settings: { proofNonceSeconds: 60 } })
    await signIn(strict, 'hybrid')
    const prove = (path: string, more: Partial<ProofFor> = {}): string =>
      makeProof(key, strict.clock, { url: ISSUER + path, ...more })
    const json = { client_id: 'hybrid', email: EMAIL, password: PASSWORD }
    const refused = await strict.call({ path: '/sessions', json, headers: { dpop: prove('/sessions') } })
    expect(said(refused)[1]).toBe('use_dpop_nonce')
    const nonce = present(refused.headers['dpop-nonce'])
    const held = await signIn(strict, 'hybrid', { headers: { dpop: prove('/sessions', { nonce }) } })
    strict.clock.forward(90)
    const token = present(held.token)
    const sent = (given?: string): Promise<Answer> => {
      const dpop = prove('/account', { method: 'GET', token, nonce: given })
      return strict.call({ path: '/account', headers: { authorization: `DPoP ${token}`, dpop } })
    }
    const late = await sent(held.answer.headers['dpop-nonce'])
    expect(late.status).toBe(200)
    const fresh = present(late.headers['dpop-nonce'])
    expect(fresh).not.toBe(nonce)
    strict.clock.forward(60)
    expect(said(await sent(nonce))[1]).toBe('use_dpop_nonce')
    expect((await sent(fresh)).status).toBe(200)
    const form = { headers: { dpop: prove('/oauth/token', { nonce: fresh }) } }
    const refreshed = await refresh(strict, 'hybrid', present(held.refreshToken), form)
    expect([refreshed.status, refreshed.headers['dpop-nonce']]).toEqual([200, expect.any(String)])
  })
})

describe('several nodes', () => {
  /** Two nodes over the same stores; the clock of the other one is `ahead` of that of the first by so many seconds. */
  async function openTwo(ahead = 0) {
    const state = { broken: false, asked: 0 }
    const spentProofs = breakable(new MemorySpentProofs(), state)
    const one = await openServer({ spentProofs })
    const { database, sessions, log } = one.stores
    const clock = new TestClock()
    clock.forward(ahead)
    const other = await openServer({ spentProofs, database, sessions, log, clock })
    const held = await signIn(one, 'hybrid', {
      headers: { dpop: makeProof(key, one.clock, { url: `${ISSUER}/sessions` }) },
    })
    const token = present(held.token)
    const proofOf = (more: Partial<ProofFor> = {}): Call => {
      const dpop = makeProof(key, one.clock, { method: 'GET', url: `${ISSUER}/account`, token, ...more })
      return { path: '/account', headers: { authorization: `DPoP ${token}`, dpop } }
    }
    return { one, other, held, state, proofOf }
  }

  it('RFC 9449 11.1 take a proof once among them, however many come at once', async () => {
    const { one, other, proofOf } = await openTwo()
    const call = proofOf()
    const answers = await Promise.all([one, other, one, other].map((node) => node.call(call)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it.each([-5, -1, -0.001, 0, 0.001, 1, 5])(
    'RFC 9449 11.1 take a proof once among them where the clock of one is %d s ahead: for a request, a refresh and a sign-in',
    async (ahead) => {
      const { one, other, held, proofOf } = await openTwo(ahead)
      const call = proofOf()
      const takes = async (ask: (node: TestServer) => Promise<Answer>): Promise<unknown[]> => {
        const told: unknown[] = []
        for (const node of [one, one, other, other, one]) told.push(said(await ask(node)).slice(0, 2))
        return told
      }
      const refused = Array.from({ length: 4 }, () => [401, 'invalid_dpop_proof'])
      expect(await takes((node) => node.call(call))).toEqual([[200, undefined], ...refused])

      const token = present(held.refreshToken)
      const headers = { dpop: makeProof(key, one.clock, { url: `${ISSUER}/oauth/token` }) }
      const refreshed = await takes((node) => refresh(node, 'hybrid', token, { headers }))
      expect(refreshed).toEqual([[200, undefined], ...refused.map(([, fault]) => [400, fault])])

      const json = { client_id: 'hybrid', email: EMAIL, password: PASSWORD }
      const dpop = makeProof(key, one.clock, { url: `${ISSUER}/sessions` })
      const signedIn = await takes((node) => node.call({ path: '/sessions', json, headers: { dpop } }))
      expect(signedIn).toEqual([[201, undefined], ...refused])
    },
  )

  it.each([-5, 5])(
    'RFC 9449 11.1 take a proof with a nonce once among them, where the clock of one is %d s ahead',
    async (ahead) => {
      const { one, other, proofOf } = await openTwo(ahead)
      const nonce = present((await one.call(proofOf({ claims: { iat: 0 } }))).headers['dpop-nonce'])
      const call = proofOf({ claims: { iat: 0 }, nonce })
      const told: number[] = []
      for (const node of [one, other, other, one]) told.push((await node.call(call)).status)
      expect(told).toEqual([200, 401, 401, 401])
    },
  )

  it('RFC 9449 11.1 know a proof again when a clock has been set back', async () => {
    const { one, proofOf } = await openTwo()
    const call = proofOf()
    expect((await one.call(call)).status).toBe(200)
    one.clock.forward(120)
    for (let at = 0; at < 10; at++) expect((await one.call(proofOf())).status).toBe(200)
    one.clock.forward(-120)
    expect(said(await one.call(call)).slice(0, 2)).toEqual([401, 'invalid_dpop_proof'])
  })

  it('RFC 9449 8 take one another’s nonces', async () => {
    const { one, other, proofOf } = await openTwo()
    const refused = await one.call(proofOf({ claims: { iat: 0 } }))
    const nonce = present(refused.headers['dpop-nonce'])
    expect((await other.call(proofOf({ claims: { iat: 0 }, nonce }))).status).toBe(200)
  })

  it('RFC 9449 11.1 cannot tell when what they share is away: 503, and nobody is signed out', async () => {
    const { one, held, state, proofOf } = await openTwo()
    state.broken = true
    const answer = await one.call(proofOf())
    expect([answer.status, answer.body['code'], answer.headers['retry-after']]).toEqual([503, 'store_unavailable', '1'])
    const headers = { dpop: makeProof(key, one.clock, { url: `${ISSUER}/oauth/token` }) }
    const refused = await refresh(one, 'hybrid', present(held.refreshToken), { headers })
    expect([refused.status, refused.body['error']]).toEqual([503, 'temporarily_unavailable'])
    state.broken = false
    expect((await one.call(proofOf())).status).toBe(200)
    const later = { headers: { dpop: makeProof(key, one.clock, { url: `${ISSUER}/oauth/token` }) } }
    expect((await refresh(one, 'hybrid', present(held.refreshToken), later)).status).toBe(200)
  })

  it('remember no proof of what nobody issued, however much of it comes', async () => {
    const { one, held, state, proofOf } = await openTwo()
    const before = state.asked
    for (const token of ['nonsense', `${present(held.token)}x`, `${present(held.refreshToken)}x`]) {
      const dpop = makeProof(key, one.clock, { method: 'GET', url: `${ISSUER}/account`, token })
      const answer = await one.call({ path: '/account', headers: { authorization: `DPoP ${token}`, dpop } })
      expect(answer.status).toBe(401)
      const headers = { dpop: makeProof(key, one.clock, { url: `${ISSUER}/oauth/token` }) }
      expect((await refresh(one, 'hybrid', token, { headers })).body['error']).toBe('invalid_grant')
    }
    for (const wrong of [{ method: 'PUT' }, { url: ISSUER }, { token: 'other' }]) await one.call(proofOf(wrong))
    expect(state.asked).toBe(before)
  })
})
