import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeProof, makeProofKey, type ProofFor, type ProofKeyPair } from '../proof.fixture.ts'
import {
  claimsIn,
  EMAIL,
  ISSUER,
  openServer,
  PASSWORD,
  present,
  refresh,
  signIn,
  VERIFIER,
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
function proof(path: string, more: Partial<ProofFor> = {}, by = key): string {
  return makeProof(by, test.clock, { url: ISSUER + path, ...more })
}

function signInBound(clientId: string, more: Partial<ProofFor> = {}): Promise<Held> {
  return signIn(test, clientId, { headers: { dpop: proof('/sessions', more) } })
}

function refreshBound(clientId: string, token: string, more: Partial<ProofFor> = {}): Promise<Answer> {
  return refresh(test, clientId, token, { headers: { dpop: proof('/oauth/token', more) } })
}

/** A request with a bound token, and a proof for it. */
function ask(held: Held, more: Partial<Call> = {}, given: Partial<ProofFor> = {}): Promise<Answer> {
  const { path = '/account', method = 'GET', headers } = more
  const token = present(held.token)
  const dpop = proof(path, { method, token, ...given })
  return test.call({ ...more, path, method, headers: { authorization: `DPoP ${token}`, dpop, ...headers } })
}

function said({ status, body, headers }: Answer): unknown[] {
  return [status, body['code'] ?? body['error'], headers['www-authenticate']?.split(' ')[0]]
}

function audited(kind: string): Promise<number> {
  return test.stores.database
    .readAudit(0, 10_000)
    .then((events) => events.filter((event) => event.kind === kind).length)
}

describe('a sign-in with a proof of possession', () => {
  it.each(['hybrid', 'stateless'])('RFC 9449 5 V10.4.14 binds a %s session to the key', async (clientId) => {
    const held = await signInBound(clientId)
    expect(held.answer.body['token_type']).toBe('DPoP')
    expect(claimsIn(present(held.token))['cnf']).toEqual({ jkt: key.thumbprint })
    expect((await ask(held)).body['email']).toBe(EMAIL)
  })

  it('binds no stateful session: its token is looked up at each use', async () => {
    const held = await signInBound('stateful')
    expect(held.answer.body['token_type']).toBeUndefined()
    expect((await test.call({ path: '/account', token: held.token })).status).toBe(200)
    expect((await refresh(test, 'stateful', present(held.token))).body['token_type']).toBe('Bearer')
  })

  it.each([
    ['without the key that it names', (): string => proof('/sessions', { header: { jwk: makeProofKey().jwk } })],
    ['for another address', (): string => proof('/accounts')],
    ['without an id', (): string => proof('/sessions', { claims: { jti: '' } })],
  ])('is refused with a proof %s, whatever the password', async (_title, make) => {
    const json = { client_id: 'hybrid', email: EMAIL, password: PASSWORD }
    const before = await audited('session.started')
    const answer = await test.call({ path: '/sessions', json, headers: { dpop: make() } })
    expect(said(answer)).toEqual([401, 'invalid_dpop_proof', 'DPoP'])
    expect(await audited('session.started')).toBe(before)
  })

  it('RFC 9449 11.1 is refused with a proof that has been used', async () => {
    const dpop = proof('/sessions')
    await signIn(test, 'hybrid', { headers: { dpop } })
    const json = { client_id: 'hybrid', email: EMAIL, password: PASSWORD }
    expect(said(await test.call({ path: '/sessions', json, headers: { dpop } }))[1]).toBe('invalid_dpop_proof')
  })

  it('ends the bound session that it replaces, since it has the key', async () => {
    const held = await signInBound('hybrid')
    const headers = { dpop: proof('/sessions'), authorization: `DPoP ${present(held.token)}` }
    const next = await signIn(test, 'hybrid', { headers })
    expect(said(await ask(held))[1]).toBe('credential_ended')
    expect((await ask(next)).status).toBe(200)
    const other = makeProofKey()
    const stolen = { dpop: proof('/sessions', {}, other), authorization: `Bearer ${present(next.token)}` }
    await signIn(test, 'hybrid', { headers: stolen })
    expect((await ask(next)).status).toBe(200)
  })
})

describe('a request with a bound token', () => {
  it('RFC 9449 7.2 V10.3.5 is refused with the Bearer scheme, whether or not a proof comes along', async () => {
    const held = await signInBound('hybrid')
    const dpop = proof('/account', { method: 'GET', token: held.token })
    for (const headers of [{}, { dpop }]) {
      const answer = await test.call({ path: '/account', token: held.token, headers })
      expect(said(answer)).toEqual([401, 'credential_bound', 'DPoP'])
      expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    }
    const cookie = `__Host-session=${present(held.token)}`
    expect(said(await test.call({ path: '/account', cookie }))[1]).toBe('credential_bound')
  })

  it('RFC 9449 7.1 is told which algorithms there are, here and in the metadata', async () => {
    const held = await signInBound('hybrid')
    const { headers } = await test.call({ path: '/account', token: held.token })
    const { body } = await test.call({ path: '/.well-known/oauth-authorization-server' })
    const algorithms = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256']
    expect(body['dpop_signing_alg_values_supported']).toEqual(algorithms)
    expect(headers['www-authenticate']).toContain(`algs="${algorithms.join(' ')}"`)
  })

  it.each(['hybrid', 'stateless', 'stateful'])(
    'an unbound one of a %s session is refused with the DPoP scheme',
    async (id) => {
      const held = await signIn(test, id)
      expect(said(await ask(held))).toEqual([401, 'credential_unbound', 'Bearer'])
    },
  )

  it.each<[string, (token: string) => Partial<ProofFor>]>([
    ['for another method', () => ({ method: 'POST' })],
    ['for another address', () => ({ url: `${ISSUER}/sessions` })],
    ['for another host', () => ({ url: 'https://evil.example/account' })],
    ['without the hash of the token', () => ({ token: undefined })],
    ['with the hash of another token', (token) => ({ token: `${token}x` })],
    ['of another type', () => ({ header: { typ: 'jwt' } })],
    ['that names no method', () => ({ claims: { htm: undefined } })],
  ])('RFC 9449 4.3 is refused with a proof %s', async (_title, wrong) => {
    const held = await signInBound('hybrid')
    expect(said(await ask(held, {}, wrong(present(held.token))))).toEqual([401, 'invalid_dpop_proof', 'DPoP'])
    expect((await ask(held)).status).toBe(200)
  })

  it('RFC 9449 4.3 is refused with a proof by another key, without one, and with two', async () => {
    const held = await signInBound('hybrid')
    const token = present(held.token)
    const authorization = `DPoP ${token}`
    const other = proof('/account', { method: 'GET', token }, makeProofKey())
    const [one, two] = [proof('/account', { method: 'GET', token }), proof('/account', { method: 'GET', token })]
    for (const headers of [{ dpop: other }, {}, { dpop: [one, two] }, { dpop: `${one},${two}` }, { dpop: '' }])
      expect(said(await test.call({ path: '/account', headers: { authorization, ...headers } }))[1]).toBe(
        'invalid_dpop_proof',
      )
  })

  it('RFC 9449 11.1 a proof is good once, and another one is good again', async () => {
    const held = await signInBound('hybrid')
    const token = present(held.token)
    const headers = { authorization: `DPoP ${token}`, dpop: proof('/account', { method: 'GET', token }) }
    expect((await test.call({ path: '/account', headers })).status).toBe(200)
    expect(said(await test.call({ path: '/account', headers }))[1]).toBe('invalid_dpop_proof')
    expect((await ask(held)).status).toBe(200)
  })

  it('RFC 9449 4.3 the query does not matter, nor does the spelling of the address', async () => {
    const held = await signInBound('hybrid')
    const url = 'HTTPS://Auth.example.com:443/./%61ccount?x=y#z'
    expect((await ask(held, { path: '/account?a=b' }, { url })).status).toBe(200)
    for (const path of ['/account?x=\\', '/account?\\@evil.example/', '/account?x=[a]|"<>'])
      expect([path, (await ask(held, { path }, { url: `${ISSUER}/account` })).status]).toEqual([path, 200])
  })

  it('the proof of an end that waits, or of a change, is for its own method', async () => {
    const held = await signInBound('hybrid')
    expect((await ask(held, { path: '/account', method: 'PATCH', json: { name: 'Ada L.' } })).status).toBe(200)
    expect((await ask(held, { path: '/sessions/current', method: 'DELETE' })).status).toBe(200)
    expect(said(await ask(held))).toEqual([401, 'credential_ended', 'DPoP'])
  })
})

it('RFC 9449 4.3 the address of a proof is below the issuer’s, whatever host a proxy shows, and whoever mounts the server', async () => {
  const issuer = 'https://example.com/auth'
  const mounted = await openServer({ issuer })
  await signIn(mounted, 'hybrid')
  const json = { client_id: 'hybrid', email: EMAIL, password: PASSWORD }
  const told = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
  const at = async (url: string, path: string): Promise<number> => {
    const dpop = makeProof(key, mounted.clock, { url })
    const { statusCode } = await mounted.server.inject({
      method: 'POST',
      url: path,
      headers: { ...told, dpop },
      payload: json,
    })
    return statusCode
  }
  for (const path of ['/auth/sessions', '/sessions', '/auth/sessions?x=y']) {
    expect(await at(`${issuer}/sessions`, path)).toBe(201)
    for (const wrong of [
      'https://example.com/sessions',
      'http://evil.example/auth/sessions',
      `${issuer}/auth/sessions`,
    ])
      expect(await at(wrong, path)).toBe(401)
  }
})

describe('the refresh of a bound session', () => {
  it.each(['hybrid', 'stateless'])(
    'RFC 9449 5 of a %s one needs a proof of the same key, and keeps the binding',
    async (id) => {
      const held = await signInBound(id)
      const answer = await refreshBound(id, present(held.refreshToken))
      expect([answer.status, answer.body['token_type']]).toEqual([200, 'DPoP'])
      expect(claimsIn(String(answer.body['access_token']))['cnf']).toEqual({ jkt: key.thumbprint })
    },
  )

  it.each(['hybrid', 'stateless'])(
    'V10.4.5 without it a stolen token of a %s one buys nothing, and ends nothing',
    async (id) => {
      const held = await signInBound(id)
      const token = present(held.refreshToken)
      const reuses = await audited('refresh.reuse_detected')
      expect(said(await refresh(test, id, token)).slice(0, 2)).toEqual([400, 'invalid_dpop_proof'])
      const other = { headers: { dpop: proof('/oauth/token', {}, makeProofKey()) } }
      expect(said(await refresh(test, id, token, other)).slice(0, 2)).toEqual([400, 'invalid_grant'])
      expect(said(await refreshBound(id, token, { url: `${ISSUER}/account` }))[1]).toBe('invalid_dpop_proof')
      const rotated = await refreshBound(id, token)
      expect(rotated.status).toBe(200)
      test.clock.forward(3600)
      // The old token without the key: no sign of theft that could end the session, however old it is.
      expect(said(await refresh(test, id, token))[1]).toBe('invalid_dpop_proof')
      const next = await refreshBound(id, String(rotated.body['refresh_token']))
      expect([next.status, await audited('refresh.reuse_detected')]).toEqual([200, reuses])
    },
  )

  it('recovers from a lost response, however late, with the same bytes as were lost', async () => {
    const held = await signInBound('hybrid')
    const lost = await refreshBound('hybrid', present(held.refreshToken))
    test.clock.forward(7200)
    const before = await audited('session.recovered')
    const again = await refreshBound('hybrid', present(held.refreshToken))
    expect([again.status, again.body['refresh_token']]).toEqual([200, lost.body['refresh_token']])
    expect(await audited('session.recovered')).toBe(before + 1)
    expect((await refreshBound('hybrid', String(again.body['refresh_token']))).status).toBe(200)
  })

  it('with the key, too, a token of two generations ago is reuse, and ends the session', async () => {
    const held = await signInBound('hybrid')
    const first = present(held.refreshToken)
    const second = await refreshBound('hybrid', first)
    await refreshBound('hybrid', String(second.body['refresh_token']))
    test.clock.forward(60)
    expect(said(await refreshBound('hybrid', first))[1]).toBe('invalid_grant')
    expect(said(await ask(held))[1]).toBe('credential_ended')
  })

  it('RFC 9449 11.1 a proof is good for one refresh', async () => {
    const held = await signInBound('hybrid')
    const headers = { dpop: proof('/oauth/token') }
    expect((await refresh(test, 'hybrid', present(held.refreshToken), { headers })).status).toBe(200)
    const again = await refresh(test, 'hybrid', present(held.refreshToken), { headers })
    expect(said(again).slice(0, 2)).toEqual([400, 'invalid_dpop_proof'])
  })

  it('of an unbound one binds nothing: nobody else can bind what is stolen', async () => {
    const held = await signIn(test, 'hybrid')
    const answer = await refreshBound('hybrid', present(held.refreshToken))
    expect([answer.status, answer.body['token_type']]).toEqual([200, 'Bearer'])
    expect((await refresh(test, 'hybrid', String(answer.body['refresh_token']))).status).toBe(200)
  })

  it('is a cookie away in a browser, and needs the key all the same', async () => {
    const { cookie } = await signInBound('web-hybrid')
    const call = { path: '/oauth/token', form: { grant_type: 'refresh_token' }, cookie, from: 'same-origin' } as const
    const refused = await test.call(call)
    expect([said(refused)[1], refused.setCookies]).toEqual(['invalid_dpop_proof', []])
    const answer = await test.call({ ...call, headers: { dpop: proof('/oauth/token') } })
    expect([answer.status, answer.body['token_type'], answer.setCookies.length]).toEqual([200, 'DPoP', 1])
  })

  it('a new password keeps the binding', async () => {
    for (const id of ['hybrid', 'stateless']) {
      const held = await signInBound(id)
      const json = { current_password: PASSWORD, new_password: PASSWORD }
      const renewed = await ask(held, { path: '/account/password', method: 'PUT', json })
      expect([renewed.status, renewed.body['token_type']]).toEqual([200, 'DPoP'])
      expect((await refresh(test, id, String(renewed.body['refresh_token']))).body['error']).toBe('invalid_dpop_proof')
      expect((await refreshBound(id, String(renewed.body['refresh_token']))).status).toBe(200)
    }
  })
})

describe('who looks at a bound credential', () => {
  const asVerifier = { authorization: `Bearer ${VERIFIER.key}` }

  it('RFC 9449 6.2 by introspection learns what it is bound to', async () => {
    const held = await signInBound('hybrid')
    for (const [token, type] of [
      [held.token, 'DPoP'],
      [held.refreshToken, 'refresh_token'],
    ] as const) {
      const { body } = await test.call({
        path: '/oauth/introspect',
        form: { token: present(token) },
        headers: asVerifier,
      })
      expect(body).toMatchObject({ active: true, token_type: type, cnf: { jkt: key.thumbprint } })
    }
    const plain = await signIn(test, 'hybrid')
    const { body } = await test.call({
      path: '/oauth/introspect',
      form: { token: present(plain.token) },
      headers: asVerifier,
    })
    expect([body['token_type'], body['cnf']]).toEqual(['Bearer', undefined])
  })
})
