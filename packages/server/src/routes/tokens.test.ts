import { beforeAll, describe, expect, it } from 'vitest'
import {
  BACKEND_SECRET,
  ISSUER,
  openServer,
  ORDERS,
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
beforeAll(async () => {
  test = await openServer()
})

const revoke = (form: Record<string, string>, more: Partial<Call> = {}) =>
  test.call({ path: '/oauth/revoke', form, ...more })
const introspect = (token: string, more: Partial<Call> = { token: VERIFIER.key }) =>
  test.call({ path: '/oauth/introspect', form: { token }, ...more })

function basic(name: string, secret: string): { readonly headers: { readonly authorization: string } } {
  return { headers: { authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` } }
}

/** Every credential of a session. */
function credentialsOf({ token, refreshToken }: Held): string[] {
  return [token, refreshToken].filter((each) => each !== undefined)
}

async function isLive({ token }: Held): Promise<boolean> {
  return (await test.call({ path: '/sessions/current', token })).status === 200
}

describe('revoking', () => {
  it.each(['stateless', 'stateful', 'hybrid'])(
    'RFC 7009 2.1 ends a %s session by any of its credentials',
    async (clientId) => {
      const kinds = credentialsOf(await signIn(test, clientId)).length
      for (let kind = 0; kind < kinds; kind++) {
        const held = await signIn(test, clientId)
        const { status, body } = await revoke({ token: present(credentialsOf(held)[kind]), client_id: clientId })
        expect([status, body]).toEqual([200, {}])
        expect(await isLive(held)).toBe(false)
        if (held.refreshToken !== undefined)
          expect((await refresh(test, clientId, held.refreshToken)).body['error']).toBe('invalid_grant')
      }
    },
  )

  it('RFC 7009 2.2 answers 200 for what is unknown, ended, or was handed in twice', async () => {
    const held = await signIn(test, 'hybrid')
    const form = { token: present(held.refreshToken), client_id: 'hybrid' }
    const tries = [form, form, { ...form, token: 'nonsense' }, { ...form, token: 'cfr_x' }, { ...form, token: '' }]
    for (const each of tries) expect((await revoke(each)).status).toBe(200)
  })

  it("RFC 7009 2.1 leaves another application's session alone, and says nothing of it", async () => {
    const held = await signIn(test, 'hybrid')
    for (const token of credentialsOf(held)) {
      const { status, body } = await revoke({ token, client_id: 'shop' })
      expect([status, body]).toEqual([200, {}])
    }
    expect(await isLive(held)).toBe(true)
  })

  it('RFC 7009 2.1 hint that is wrong does not stop the search', async () => {
    const held = await signIn(test, 'hybrid')
    await revoke({ token: present(held.refreshToken), client_id: 'hybrid', token_type_hint: 'access_token' })
    expect(await isLive(held)).toBe(false)
  })

  it('V10.4.10 needs to know the application, by its secret if it has one', async () => {
    const held = await signIn(test, 'backend')
    const token = present(held.refreshToken)
    for (const form of [
      { token },
      { token, client_id: 'nobody' },
      { token, client_id: 'backend' },
      { token, client_id: 'backend', client_secret: 'x' },
    ])
      expect((await revoke(form)).body['error']).toBe('invalid_client')
    expect(await isLive(held)).toBe(true)
    expect((await revoke({ token }, basic('backend', BACKEND_SECRET))).status).toBe(200)
    expect(await isLive(held)).toBe(false)
  })

  it('tells what was recorded when it is to wait, and when there was nothing', async () => {
    const held = await signIn(test, 'hybrid')
    const form = { token: present(held.token), client_id: 'hybrid' }
    const wait = (more: object): Promise<Answer> =>
      test.call({ path: '/oauth/revoke?wait=everywhere', form: { ...form, ...more } })
    expect((await wait({})).body['revocation']).toMatchObject({ waited_ms: 0, position: expect.any(Number) })
    expect((await wait({})).body).toEqual({ revocation: null })
  })

  it('RFC 7009 2.2.1 says so when nobody can tell', async () => {
    const held = await signIn(test, 'hybrid')
    test.breakStores(true)
    const { status, body, headers } = await revoke({ token: present(held.token), client_id: 'hybrid' })
    test.breakStores(false)
    expect([status, body['error'], headers['retry-after']]).toEqual([503, 'temporarily_unavailable', '1'])
    expect(await isLive(held)).toBe(true)
  })

  it('takes a form and nothing else', async () => {
    const { status, body } = await test.call({ path: '/oauth/revoke', json: { token: 'x', client_id: 'hybrid' } })
    expect([status, body['error']]).toEqual([400, 'invalid_request'])
  })
})

describe('introspecting', () => {
  it('RFC 7662 2.2 tells about an access token', async () => {
    const held = await signIn(test, 'shop')
    const { status, body, headers } = await introspect(present(held.token))
    const now = test.clock.now() / 1000
    expect(status).toBe(200)
    expect(body).toEqual({
      active: true,
      iss: ISSUER,
      sub: expect.stringMatching(/^[\w-]{22}$/),
      aud: [ORDERS, ISSUER],
      client_id: 'shop',
      sid: held.sessionId,
      token_type: 'Bearer',
      username: 'Ada',
      roles: [],
      iat: now,
      exp: now + 300,
      auth_time: now,
      strategy: 'hybrid',
      account_generation: 0,
      client_generation: 0,
      log_position: expect.stringMatching(/^[\w-]{8}\.\d+$/),
    })
    expect(headers['cache-control']).toBe('no-store')
  })

  it('RFC 7662 2.2 tells about session tokens and refresh tokens, and which they are', async () => {
    const kinds: unknown[] = []
    for (const clientId of ['stateless', 'stateful', 'hybrid']) {
      for (const text of credentialsOf(await signIn(test, clientId))) {
        const { body } = await introspect(text)
        kinds.push([clientId, body['active'], body['token_type']])
      }
    }
    expect(kinds).toEqual([
      ['stateless', true, 'Bearer'],
      ['stateless', true, 'refresh_token'],
      ['stateful', true, 'Bearer'],
      ['hybrid', true, 'Bearer'],
      ['hybrid', true, 'refresh_token'],
    ])
  })

  it('RFC 7662 2.2 says of whatever signs nobody in that it is not active, and no more', async () => {
    const ended = await signIn(test, 'hybrid')
    await test.call({ method: 'DELETE', path: '/sessions/current', token: ended.token })
    const expired = await signIn(test, 'hybrid')
    test.clock.forward(400)
    const texts = ['', 'nonsense', 'cfs_x', 'a.b.c', ...credentialsOf(ended), present(expired.token)]
    for (const text of texts) expect((await introspect(text)).text).toBe('{"active":false}')
  })

  it('does not use up what it is asked about', async () => {
    const held = await signIn(test, 'hybrid')
    await introspect(present(held.refreshToken))
    await introspect(present(held.refreshToken))
    expect((await refresh(test, 'hybrid', present(held.refreshToken))).status).toBe(200)
  })

  it('knows a token that was made for an upstream', async () => {
    const held = await signIn(test, 'desk')
    const verified = await test.call({ path: `/verify?audience=${ORDERS}`, token: held.token })
    const upstream = present(verified.headers['x-access-token'])
    expect((await introspect(upstream)).body).toMatchObject({ active: true, aud: ORDERS, sid: held.sessionId })
    expect((await test.call({ path: '/sessions/current', token: upstream })).body['code']).toBe('credential_untrusted')
  })

  it('RFC 7662 2.1 is for callers that show who they are', async () => {
    const { token } = await signIn(test, 'hybrid')
    const text = present(token)
    const tries: Partial<Call>[] = [
      {},
      { token: 'wrong' },
      { token: text },
      basic(VERIFIER.name, 'wrong'),
      basic('other', VERIFIER.key),
      basic('hybrid', ''),
      { form: { token: text, client_id: 'hybrid' } },
      { form: { token: text, client_id: 'backend', client_secret: 'wrong' } },
    ]
    for (const more of tries) {
      const { status, body, headers } = await introspect(text, more)
      expect([status, body['error']]).toEqual([401, 'invalid_client'])
      expect(headers['www-authenticate']).toContain('Basic')
    }
  })

  it('RFC 7662 2.1 takes a verifier by its name and key too', async () => {
    const { token } = await signIn(test, 'hybrid')
    expect((await introspect(present(token), basic(VERIFIER.name, VERIFIER.key))).body['active']).toBe(true)
  })

  it('RFC 7662 4 tells an application about its own credentials only', async () => {
    const own = await signIn(test, 'backend')
    const other = await signIn(test, 'hybrid')
    const asBackend = basic('backend', BACKEND_SECRET)
    expect((await introspect(present(own.token), asBackend)).body['active']).toBe(true)
    expect((await introspect(present(other.token), asBackend)).text).toBe('{"active":false}')
  })

  it('says so when nobody can tell: that is not "inactive"', async () => {
    const { token } = await signIn(test, 'stateful')
    test.breakStores(true)
    const { status, body } = await introspect(present(token))
    test.breakStores(false)
    expect([status, body['error'], body['active']]).toEqual([503, 'temporarily_unavailable', undefined])
  })
})
