import { beforeAll, describe, expect, it } from 'vitest'
import { makeProof, makeProofKey } from '../proof.fixture.ts'
import {
  APP_ORIGIN,
  BACKEND_SECRET,
  heldBy,
  ISSUER,
  openServer,
  present,
  refresh,
  signIn,
  type Answer,
  type Call,
  type TestServer,
} from '../server.fixture.ts'

let test: TestServer
beforeAll(async () => {
  test = await openServer()
})

const token = (form: Record<string, string>, more: Partial<Call> = {}) =>
  test.call({ path: '/oauth/token', form, ...more })

function basic(name: string, secret: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` }
}

function errorOf({ status, body }: Answer): unknown[] {
  return [status, body['error']]
}

describe('refreshing', () => {
  it('RFC 6749 5.1 answers with the next tokens, which nobody stores', async () => {
    const held = await signIn(test, 'hybrid')
    const { status, body, headers } = await refresh(test, 'hybrid', present(held.refreshToken))
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: expect.stringMatching(/^cfr_/),
    })
    expect(body['refresh_token']).not.toBe(held.refreshToken)
    expect(headers['cache-control']).toBe('no-store')
    expect((await test.call({ path: '/sessions/current', token: body['access_token'] as string })).status).toBe(200)
  })

  it('gives parallel requests with one token the same successor', async () => {
    const held = await signIn(test, 'hybrid')
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refresh(test, 'hybrid', present(held.refreshToken))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body['refresh_token'])).size).toBe(1)
  })

  it('RFC 9700 4.14.2 ends the session when an old token comes back', async () => {
    const held = await signIn(test, 'hybrid')
    const next = await refresh(test, 'hybrid', present(held.refreshToken))
    test.clock.forward(test.policy.refreshConcurrencyWindowSeconds + 1)
    expect(errorOf(await refresh(test, 'hybrid', present(held.refreshToken)))).toEqual([400, 'invalid_grant'])
    expect(errorOf(await refresh(test, 'hybrid', next.body['refresh_token'] as string))).toEqual([400, 'invalid_grant'])
    const { body } = await test.call({ path: '/sessions/current', token: next.body['access_token'] as string })
    expect(body['code']).toBe('credential_ended')
  })

  it('leaves a stateless session its refresh token', async () => {
    const held = await signIn(test, 'stateless')
    const { body } = await refresh(test, 'stateless', present(held.refreshToken))
    expect(body['refresh_token']).toBe(held.refreshToken)
  })

  it('does without a client_id for an application that has no secret', async () => {
    const held = await signIn(test, 'hybrid')
    expect((await token({ grant_type: 'refresh_token', refresh_token: present(held.refreshToken) })).status).toBe(200)
  })

  it("refuses another application's token, and leaves it good", async () => {
    const held = await signIn(test, 'hybrid')
    expect(errorOf(await refresh(test, 'shop', present(held.refreshToken)))).toEqual([400, 'invalid_grant'])
    expect((await refresh(test, 'hybrid', present(held.refreshToken))).status).toBe(200)
  })

  it.each(['', 'nonsense', 'cfr_', `cfr_${'A'.repeat(72)}`, 'eyJhbGciOiJub25lIn0.e30.', 'a.b.c'])(
    'refuses %j without asking a store',
    async (text) => {
      const before = test.asked()
      expect(errorOf(await token({ grant_type: 'refresh_token', refresh_token: text }))).toEqual([400, 'invalid_grant'])
      expect(test.asked()).toBe(before)
    },
  )

  it('V10.4.4 RFC 9700 2.4 is the only grant: the password grant is not there', async () => {
    for (const grant of ['password', 'client_credentials', 'authorization_code', 'implicit', '', 'REFRESH_TOKEN'])
      expect(errorOf(await token({ grant_type: grant, username: 'a', password: 'b' }))).toEqual([
        400,
        'unsupported_grant_type',
      ])
  })

  it('RFC 6749 5.2 says what is wrong with a request', async () => {
    expect(errorOf(await token({}))).toEqual([400, 'invalid_request'])
    expect(errorOf(await token({ grant_type: 'refresh_token' }))).toEqual([400, 'invalid_request'])
    expect(errorOf(await token({ grant_type: 'refresh_token', refresh_token: 'x', scope: 'all' }))).toEqual([
      400,
      'invalid_scope',
    ])
    expect(errorOf(await token({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'nobody' }))).toEqual([
      401,
      'invalid_client',
    ])
    expect(errorOf(await token({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'stateful' }))).toEqual([
      400,
      'invalid_grant',
    ])
    const twice = 'grant_type=refresh_token&refresh_token=a&refresh_token=b'
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(errorOf(await test.call({ path: '/oauth/token', body: twice, headers: type }))).toEqual([
      400,
      'invalid_request',
    ])
    const json = { grant_type: 'refresh_token', refresh_token: 'x' }
    expect(errorOf(await test.call({ path: '/oauth/token', json }))).toEqual([400, 'invalid_request'])
  })

  it('says when to come back while the store is out of reach, and clears no cookie', async () => {
    const held = await signIn(test, 'hybrid')
    const web = await signIn(test, 'web-hybrid')
    test.breakStores(true)
    const byForm = await refresh(test, 'hybrid', present(held.refreshToken))
    const byCookie = await token({ grant_type: 'refresh_token' }, { cookie: present(web.cookie), from: 'same-origin' })
    test.breakStores(false)
    for (const answer of [byForm, byCookie]) {
      expect(errorOf(answer)).toEqual([503, 'temporarily_unavailable'])
      expect([answer.headers['retry-after'], answer.setCookies]).toEqual(['1', []])
    }
    expect((await refresh(test, 'hybrid', present(held.refreshToken))).status).toBe(200)
  })
})

describe('refreshing with a cookie', () => {
  const form = { grant_type: 'refresh_token' }

  it('V3.3.4 gives the next one in the cookie alone', async () => {
    const { cookie } = await signIn(test, 'web-hybrid')
    const answer = await token(form, { cookie: present(cookie), from: 'same-origin' })
    expect(Object.keys(answer.body).sort()).toEqual(['access_token', 'expires_in', 'token_type'])
    expect(answer.setCookies[0]).toMatch(
      /^__Secure-refresh-web-hybrid=cfr_[\w-]+; Path=\/oauth\/token; Max-Age=1209600; Secure; HttpOnly; SameSite=Strict$/,
    )
    expect(heldBy(answer).cookie).not.toBe(cookie)
  })

  it('V3.5.1 is refused from elsewhere, and rotates nothing', async () => {
    const { cookie } = await signIn(test, 'web-hybrid')
    const tries: Partial<Call>[] = [
      {},
      { from: 'cross-site', origin: 'https://evil.example' },
      { origin: 'null' },
      { from: 'same-site', origin: APP_ORIGIN },
    ]
    for (const more of tries) {
      const answer = await token(form, { cookie: present(cookie), ...more })
      expect([...errorOf(answer), answer.setCookies]).toEqual([400, 'invalid_request', []])
    }
    test.clock.forward(test.policy.refreshConcurrencyWindowSeconds + 1)
    expect((await token(form, { cookie: present(cookie), from: 'same-origin' })).status).toBe(200)
  })

  it('is open to an origin that the application lists, which it names', async () => {
    const { cookie } = await signIn(test, 'web-hybrid')
    const named = { ...form, client_id: 'web-hybrid' }
    const { status } = await token(named, { cookie: present(cookie), from: 'same-site', origin: APP_ORIGIN })
    expect(status).toBe(200)
  })

  it('takes of several cookies the one of the application that asks', async () => {
    const refreshAll = async (cookie: string, ids: readonly string[]) => {
      for (const id of ids) {
        const answer = await token({ ...form, client_id: id }, { cookie, from: 'same-site', origin: APP_ORIGIN })
        const name = id === 'web-stateful' ? '__Host-session' : `__Secure-refresh-${id}`
        expect([id, answer.status, answer.setCookies.map((line) => line.split('=')[0])]).toEqual([id, 200, [name]])
      }
    }
    const { cookie: session } = await signIn(test, 'web-stateful')
    for (const id of ['web-hybrid', 'web-stateless']) {
      const { cookie: other } = await signIn(test, id)
      await refreshAll(`${present(session)}; ${present(other)}`, [id, 'web-stateful'])
      await refreshAll(`${present(other)}; ${present(session)}`, [id, 'web-stateful'])
    }
  })

  it('goes on in each of several applications that a browser is signed in to, whichever was signed in to last', async () => {
    const ids = ['web-hybrid', 'web-stateless', 'web-stateful']
    const jar = new Map<string, string>()
    const keep = (lines: readonly string[]): void => {
      for (const line of lines) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
        jar.set(name, value)
      }
    }
    for (const id of ids) keep((await signIn(test, id)).answer.setCookies)
    expect(jar.size).toBe(3)
    for (const id of [...ids, ...ids]) {
      const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
      const answer = await token({ ...form, client_id: id }, { cookie, from: 'same-site', origin: APP_ORIGIN })
      expect([id, answer.status]).toEqual([id, 200])
      keep(answer.setCookies)
    }
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    // Who does not say which application is meant is not guessed at.
    expect(errorOf(await token(form, { cookie, from: 'same-origin' }))).toEqual([400, 'invalid_request'])
  })

  it("is not kept from it by another application's cookie whose session has ended", async () => {
    const { cookie: session } = await signIn(test, 'web-stateful')
    const { cookie: other, token: access } = await signIn(test, 'web-hybrid')
    await test.call({ method: 'DELETE', path: '/sessions/current', token: access })
    const cookie = `${present(other)}; ${present(session)}`
    const named = { ...form, client_id: 'web-stateful' }
    expect((await token(named, { cookie, from: 'same-site', origin: APP_ORIGIN })).status).toBe(200)
  })

  it('is refused to an application whose cookies are all those of others, and takes none away', async () => {
    const [{ cookie: session }, { cookie: other }] = [
      await signIn(test, 'web-stateful'),
      await signIn(test, 'web-hybrid'),
    ]
    const cookie = `${present(session)}; ${present(other)}`
    const answer = await token(
      { ...form, client_id: 'web-stateless' },
      { cookie, from: 'same-site', origin: APP_ORIGIN },
    )
    expect([...errorOf(answer), answer.setCookies]).toEqual([400, 'invalid_grant', []])
  })

  it('says that there is none where the cookie is of another application, bound to a key or not: asking anew with a proof helps nobody', async () => {
    const dpop = makeProof(makeProofKey(), test.clock, { url: `${ISSUER}/sessions` })
    const { cookie } = await signIn(test, 'web-hybrid', { headers: { dpop } })
    const from = { cookie: present(cookie), from: 'same-site', origin: APP_ORIGIN } as const
    expect(errorOf(await token({ ...form, client_id: 'web-stateful' }, from))).toEqual([400, 'invalid_request'])
    expect(errorOf(await token({ ...form, client_id: 'web-hybrid' }, from))).toEqual([400, 'invalid_dpop_proof'])
  })

  it('is refused with two tokens', async () => {
    const { cookie } = await signIn(test, 'web-hybrid')
    const twice = [
      token({ ...form, refresh_token: 'cfr_x' }, { cookie: present(cookie), from: 'same-origin' }),
      token(form, { cookie: `${present(cookie)}; ${present(cookie)}`, from: 'same-origin' }),
    ]
    for (const answer of await Promise.all(twice)) expect(errorOf(answer)).toEqual([400, 'invalid_request'])
  })
})

describe('an application with a secret', () => {
  const form = { grant_type: 'refresh_token' }

  it('V10.4.10 refreshes with it, in HTTP Basic or in the form', async () => {
    for (const more of [
      { headers: basic('backend', BACKEND_SECRET) },
      { form: { client_id: 'backend', client_secret: BACKEND_SECRET } },
      { form: { client_id: 'backend' }, headers: basic('backend', BACKEND_SECRET) },
    ]) {
      const { refreshToken } = await signIn(test, 'backend')
      const headers = 'headers' in more ? more.headers : {}
      const { status } = await token(
        { ...form, refresh_token: present(refreshToken), ...('form' in more && more.form) },
        { headers },
      )
      expect(status).toBe(200)
    }
  })

  it('V10.4.10 does nothing without it, or with another', async () => {
    const { refreshToken } = await signIn(test, 'backend')
    const all = { ...form, refresh_token: present(refreshToken) }
    const tries = [
      token({ ...all, client_id: 'backend' }),
      token({ ...all, client_id: 'backend', client_secret: 'wrong' }),
      token({ ...all, client_id: 'backend', client_secret: '' }),
      token(all, { headers: basic('backend', 'wrong') }),
      token(all, { headers: basic('nobody', BACKEND_SECRET) }),
      token(all, { headers: basic('backend', '') }),
      token(all, { headers: { authorization: 'Basic !' } }),
      token(all, { headers: { authorization: `Bearer ${BACKEND_SECRET}` } }),
    ]
    for (const answer of await Promise.all(tries)) {
      expect(errorOf(answer)).toEqual([401, 'invalid_client'])
      expect(answer.headers['www-authenticate']).toBe('Basic realm="counterfoil"')
    }
  })

  it('V10.4.10 gets nothing for leaving out who it is, and goes on when it says so', async () => {
    const { refreshToken } = await signIn(test, 'backend')
    const all = { ...form, refresh_token: present(refreshToken) }
    expect(errorOf(await token(all))).toEqual([400, 'invalid_grant'])
    expect((await token(all, { headers: basic('backend', BACKEND_SECRET) })).status).toBe(200)
  })

  it('is refused when it shows itself in two ways', async () => {
    const both = { ...form, refresh_token: 'x', client_id: 'backend', client_secret: BACKEND_SECRET }
    expect(errorOf(await token(both, { headers: basic('backend', BACKEND_SECRET) }))).toEqual([400, 'invalid_request'])
  })
})
