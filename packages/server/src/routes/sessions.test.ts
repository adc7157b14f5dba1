import { beforeAll, describe, expect, it } from 'vitest'
import { openServer, present, refresh, signIn, type Answer, type TestServer } from '../server.fixture.ts'

let test: TestServer
beforeAll(async () => {
  test = await openServer()
})

interface Listed {
  readonly id: string
  readonly current: boolean
}

function listed({ body }: Answer): readonly Listed[] {
  return body['sessions'] as readonly Listed[]
}

async function statusOf(token: string | undefined): Promise<unknown[]> {
  const { status, body } = await test.call({ path: '/sessions/current', token })
  return status === 200 ? [200] : [status, body['code']]
}

const ENDED = [401, 'credential_ended']

describe('a request', () => {
  it('RFC 6750 3.1 without a credential is told so, and no error code', async () => {
    const { status, body, headers } = await test.call({ path: '/sessions/current' })
    expect([status, body['code']]).toEqual([401, 'credential_absent'])
    expect(headers['www-authenticate']).toBe(
      'Bearer realm="counterfoil", DPoP realm="counterfoil", algs="ES256 EdDSA Ed25519 RS256 PS256"',
    )
  })

  it('RFC 6750 3.1 with a bad credential is told that the token is invalid', async () => {
    const { headers, body } = await test.call({ path: '/sessions/current', token: 'nonsense' })
    expect(body['code']).toBe('credential_malformed')
    expect(headers['www-authenticate']).toMatch(
      /^Bearer realm="counterfoil", error="invalid_token", error_description="[^"]+"$/,
    )
  })

  it('V14.2.1 has no credential in its query', async () => {
    const { token } = await signIn(test, 'stateful')
    for (const name of ['access_token', 'session_token', 'token', 'authorization']) {
      const { status, body } = await test.call({ path: '/sessions/current', headers: {} })
      const inQuery = await test.server.inject({ method: 'GET', url: `/sessions/current?${name}=${present(token)}` })
      expect([status, body['code']]).toEqual([401, 'credential_absent'])
      expect(inQuery.json()).toMatchObject({ code: 'credential_absent' })
    }
  })

  it('V14.3.2 is answered with what nobody stores, as soon as it is about somebody', async () => {
    const { token } = await signIn(test, 'stateful')
    for (const path of ['/sessions/current', '/sessions', '/account', '/verify', '/nowhere']) {
      expect((await test.call({ path, token })).headers['cache-control']).toBe('no-store')
    }
  })

  it('is served by HEAD as by GET, without the body', async () => {
    const { token } = await signIn(test, 'stateful')
    const { status, text, headers } = await test.call({ method: 'HEAD', path: '/sessions/current', token })
    expect([status, text]).toEqual([200, ''])
    expect(Number(headers['content-length'])).toBeGreaterThan(0)
  })

  it('with an expired access token is told so, and goes on after a refresh', async () => {
    const { token, refreshToken } = await signIn(test, 'hybrid')
    test.clock.forward(300 + test.policy.leewaySeconds)
    expect(await statusOf(token)).toEqual([401, 'credential_expired'])
    const { body } = await refresh(test, 'hybrid', present(refreshToken))
    expect(await statusOf(body['access_token'] as string)).toEqual([200])
  })

  it('prolongs a stateful session, up to its absolute end', async () => {
    const { token } = await signIn(test, 'stateful')
    for (let day = 0; day < 29; day++) {
      test.clock.forward(86_000)
      expect(await statusOf(token)).toEqual([200])
    }
    test.clock.forward(86_400)
    expect(await statusOf(token)).toEqual(ENDED)
  })
})

describe('the list of sessions', () => {
  it('V7.5.2 holds the stored ones of the account, newest first, and marks the one that asks', async () => {
    const own = await openServer()
    const stateful = await signIn(own, 'stateful')
    own.clock.forward(1)
    const hybrid = await signIn(own, 'hybrid')
    own.clock.forward(1)
    const stateless = await signIn(own, 'stateless')
    const forHybrid = listed(await own.call({ path: '/sessions', token: hybrid.token }))
    expect(forHybrid.map(({ id, current }) => [id, current])).toEqual([
      [hybrid.sessionId, true],
      [stateful.sessionId, false],
    ])
    const forStateless = listed(await own.call({ path: '/sessions', token: stateless.token }))
    expect(forStateless.map(({ id }) => id)).toEqual([stateless.sessionId, hybrid.sessionId, stateful.sessionId])
  })
})

describe('ending', () => {
  it.each(['stateless', 'stateful', 'hybrid'])(
    'V7.4.1 a %s session by its own credential stops every use of it',
    async (clientId) => {
      const { token, refreshToken } = await signIn(test, clientId)
      const { status } = await test.call({ method: 'DELETE', path: '/sessions/current', token })
      expect(status).toBe(200)
      expect(await statusOf(token)).toEqual(ENDED)
      if (refreshToken !== undefined)
        expect((await refresh(test, clientId, refreshToken)).body['error']).toBe('invalid_grant')
    },
  )

  it.each(['stateless', 'stateful', 'hybrid'])(
    'V7.5.2 a %s session is possible from another session, once',
    async (clientId) => {
      const other = await signIn(test, 'stateful')
      const { token, sessionId } = await signIn(test, clientId)
      const end = (): Promise<Answer> =>
        test.call({ method: 'DELETE', path: `/sessions/${sessionId}`, token: other.token })
      expect((await end()).status).toBe(200)
      expect(await statusOf(token)).toEqual(ENDED)
      expect(await statusOf(other.token)).toEqual([200])
      expect((await end()).body['code']).toBe('not_found')
    },
  )

  it("another account's session is not possible, nor one that never was", async () => {
    const { token } = await signIn(test, 'stateful')
    await test.call({ path: '/accounts', json: { email: 'eve@example.com', password: 'another long password' } })
    const json = { client_id: 'stateful', email: 'eve@example.com', password: 'another long password' }
    const eve = await test.call({ path: '/sessions', json })
    const { id } = eve.body['session'] as Listed
    for (const path of [`/sessions/${id}`, '/sessions/nonsense', '/sessions/%00', `/sessions/${'A'.repeat(22)}`]) {
      const { status, body } = await test.call({ method: 'DELETE', path, token })
      expect([status, body['code']]).toEqual([404, 'not_found'])
    }
    expect(await statusOf(eve.body['session_token'] as string)).toEqual([200])
  })

  it('V7.4.1 all sessions ends those of every strategy, at once here and at the next refresh', async () => {
    const held = await Promise.all(['stateless', 'stateful', 'hybrid'].map((clientId) => signIn(test, clientId)))
    expect((await test.call({ method: 'DELETE', path: '/sessions', token: held[1]?.token })).status).toBe(200)
    for (const { token } of held) expect(await statusOf(token)).toEqual(ENDED)
    for (const [at, clientId] of [
      [0, 'stateless'],
      [2, 'hybrid'],
    ] as const) {
      const { status, body } = await refresh(test, clientId, present(held[at]?.refreshToken))
      expect([status, body['error']]).toEqual([400, 'invalid_grant'])
    }
  })

  it('all sessions but the current one keeps that', async () => {
    const held = await Promise.all(['stateless', 'stateful', 'hybrid'].map((clientId) => signIn(test, clientId)))
    const { status } = await test.call({ method: 'DELETE', path: '/sessions?keep=current', token: held[2]?.token })
    expect(status).toBe(200)
    expect(await statusOf(held[0]?.token)).toEqual(ENDED)
    expect(await statusOf(held[1]?.token)).toEqual(ENDED)
    expect(await statusOf(held[2]?.token)).toEqual([200])
  })

  it('tells honestly from when on everybody obeys, and that it waited for nobody where nobody holds a lease', async () => {
    const { token } = await signIn(test, 'hybrid')
    const { body } = await test.call({ method: 'DELETE', path: '/sessions/current?wait=everywhere', token })
    const expiredBy = new Date(test.clock.now() + (300 + test.policy.leewaySeconds) * 1000).toISOString()
    const obeyedBy = new Date(test.clock.now()).toISOString()
    expect(body).toEqual({
      revocation: {
        incarnation: expect.any(String),
        position: expect.any(Number),
        obeyed_by: obeyedBy,
        expired_by: expiredBy,
        waited_ms: 0,
      },
    })
    expect(await test.stores.log.head()).toMatchObject({
      position: (body['revocation'] as { position: number }).position,
    })
  })

  it.each([
    '/sessions/current?wait=nowhere',
    '/sessions?keep=all',
    '/sessions?wait=everywhere&wait=everywhere',
    '/sessions?unknown=1',
  ])('is refused for %s, and ends nothing', async (path) => {
    const { token } = await signIn(test, 'stateful')
    const { status, body } = await test.call({ method: 'DELETE', path, token })
    expect([status, body['code']]).toEqual([400, 'invalid_request'])
    expect(await statusOf(token)).toEqual([200])
  })

  it.each([
    ['web-stateful', '__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax'],
    ['web-hybrid', '__Secure-refresh-web-hybrid=; Path=/oauth/token; Max-Age=0; Secure; HttpOnly; SameSite=Strict'],
  ])('V14.3.1 a session of %s in a browser removes its cookie', async (clientId, cleared) => {
    const paths = ['/sessions/current', '/sessions', 'own id']
    for (const path of paths) {
      const { cookie, token, sessionId } = await signIn(test, clientId)
      const credential = token === undefined ? { cookie: present(cookie), from: 'same-origin' as const } : { token }
      const own = path === 'own id' ? `/sessions/${sessionId}` : path
      const { status, setCookies } = await test.call({ method: 'DELETE', path: own, ...credential })
      expect([status, setCookies]).toEqual([200, [cleared]])
    }
  })

  it('leaves the cookie alone while nobody can tell, and the user signed in', async () => {
    const { cookie } = await signIn(test, 'web-stateful')
    const credential = { cookie: present(cookie), from: 'same-origin' as const }
    test.breakStores(true)
    for (const method of ['GET', 'DELETE']) {
      const answer = await test.call({ method, path: '/sessions/current', ...credential })
      expect([answer.status, answer.body['code'], answer.setCookies]).toEqual([503, 'store_unavailable', []])
      expect(answer.headers['retry-after']).toBe('1')
    }
    test.breakStores(false)
    expect((await test.call({ path: '/sessions/current', ...credential })).status).toBe(200)
  })
})
