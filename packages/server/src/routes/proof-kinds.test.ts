import { beforeAll, describe, expect, it } from 'vitest'
import { makeProof, makeProofKey, type ProofFor } from '../proof.fixture.ts'
import {
  claimsIn,
  ISSUER,
  openServer,
  present,
  refresh,
  signIn,
  VERIFIER,
  type Answer,
  type Held,
  type TestServer,
} from '../server.fixture.ts'

let test: TestServer
beforeAll(async () => {
  test = await openServer()
})

const key = makeProofKey()

function proof(path: string, more: Partial<ProofFor> = {}): string {
  return makeProof(key, test.clock, { url: ISSUER + path, ...more })
}

function signInBound(clientId: string): Promise<Held> {
  return signIn(test, clientId, { headers: { dpop: proof('/sessions') } })
}

function ask(token: string, dpop: string): Promise<Answer> {
  return test.call({ path: '/account', headers: { authorization: `DPoP ${token}`, dpop } })
}

function askWithProof(token: string): Promise<Answer> {
  return ask(token, proof('/account', { method: 'GET', token }))
}

function headerIn(jwt: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>
}

/** Proofs as they are, and proofs that say besides all that a token of the session says. */
function proofsLike(token: string): string[] {
  const { kid } = headerIn(token)
  const claims = claimsIn(token)
  return [
    proof('/account', { method: 'GET' }),
    proof('/account', { method: 'GET', claims }),
    proof('/account', { method: 'GET', claims, header: { kid } }),
    proof('/account', { method: 'GET', claims, header: { ...headerIn(token), alg: 'ES256' } }),
  ]
}

describe('a proof of possession', () => {
  it.each(['hybrid', 'stateless'])('RFC 8725 3.12 is no access token, of a %s session or any', async (clientId) => {
    const token = present((await signInBound(clientId)).token)
    for (const text of proofsLike(token)) {
      for (const answer of [await askWithProof(text), await test.call({ path: '/account', token: text })])
        expect([answer.status, answer.body['code']]).toEqual([
          401,
          expect.stringMatching(/^credential_(untrusted|malformed)$/),
        ])
    }
  })

  it.each(['hybrid', 'stateless'])('RFC 8725 3.12 is no refresh token of a %s session', async (clientId) => {
    const held = await signInBound(clientId)
    for (const text of [...proofsLike(present(held.token)), proof('/oauth/token')]) {
      const headers = { dpop: proof('/oauth/token') }
      const answer = await refresh(test, clientId, text, { headers })
      expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_grant'])
    }
    const headers = { dpop: proof('/oauth/token') }
    expect((await refresh(test, clientId, present(held.refreshToken), { headers })).status).toBe(200)
  })

  it('RFC 8725 3.12 is nothing that introspection or revocation knows', async () => {
    const held = await signInBound('hybrid')
    for (const token of proofsLike(present(held.token))) {
      const headers = { authorization: `Bearer ${VERIFIER.key}` }
      const told = await test.call({ path: '/oauth/introspect', form: { token }, headers })
      expect([told.status, told.body]).toEqual([200, { active: false }])
      const revoked = await test.call({ path: '/oauth/revoke', form: { token, client_id: 'hybrid' } })
      expect(revoked.status).toBe(200)
    }
    expect((await askWithProof(present(held.token))).status).toBe(200)
  })

  it('RFC 8725 3.12 is not what an access token or a refresh token is, whose keys are the server’s', async () => {
    const held = await signInBound('stateless')
    const [token, refreshToken] = [present(held.token), present(held.refreshToken)]
    const before = test.stores.database.readAudit(0, 10_000)
    for (const text of [token, refreshToken]) {
      expect((await ask(token, text)).body['code']).toBe('invalid_dpop_proof')
      const answer = await refresh(test, 'stateless', refreshToken, { headers: { dpop: text } })
      expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_dpop_proof'])
      const json = { client_id: 'hybrid', email: 'ada@example.com', password: 'correct horse battery' }
      const signedIn = await test.call({ path: '/sessions', json, headers: { dpop: text } })
      expect([signedIn.status, signedIn.body['code']]).toEqual([401, 'invalid_dpop_proof'])
    }
    expect(await test.stores.database.readAudit(0, 10_000)).toEqual(await before)
    expect((await askWithProof(token)).status).toBe(200)
  })
})

describe('who has a bound token, and not its key', () => {
  it.each([
    ['hybrid', 'token'],
    ['hybrid', 'refreshToken'],
    ['stateless', 'token'],
    ['stateless', 'refreshToken'],
  ] as const)('RFC 7009 2.1 can end its %s session with the %s, and do nothing else', async (clientId, which) => {
    const held = await signInBound(clientId)
    const token = present(held[which])
    const headers = { authorization: `DPoP ${token}` }
    expect((await test.call({ path: '/account', headers })).status).toBe(401)
    expect((await test.call({ path: '/sessions/current', method: 'DELETE', headers })).status).toBe(401)
    expect((await refresh(test, clientId, token)).status).toBe(400)
    expect((await askWithProof(present(held.token))).status).toBe(200)
    const revoked = await test.call({ path: '/oauth/revoke', form: { token, client_id: clientId } })
    expect(revoked.status).toBe(200)
    expect((await askWithProof(present(held.token))).body['code']).toBe('credential_ended')
    const proven = { headers: { dpop: proof('/oauth/token') } }
    const answer = await refresh(test, clientId, present(held.refreshToken), proven)
    expect(answer.body['error']).toBe('invalid_grant')
  })
})
