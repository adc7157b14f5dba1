import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryStores } from '@counterfoil/core'
import {
  breakable,
  EMAIL,
  heldBy,
  openServer,
  PASSWORD,
  present,
  refresh,
  signIn,
  signUp,
  type TestServer,
} from '../server.fixture.ts'

let test: TestServer
beforeAll(async () => {
  test = await openServer()
  await signUp(test)
})

describe('signing up', () => {
  it('answers with the account, without its password', async () => {
    const { status, body, headers } = await signUp(test, 'grace@example.com')
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.stringMatching(/^[\w-]{22}$/),
      email: 'grace@example.com',
      name: 'Ada',
      roles: [],
      created_at: '2026-01-01T00:00:00.000Z',
    })
    expect(headers['cache-control']).toBe('no-store')
  })

  it('is refused for a taken address, however it is written', async () => {
    const { status, body } = await signUp(test, EMAIL.toUpperCase())
    expect([status, body['code'], body['field']]).toEqual([409, 'email_taken', '/email'])
  })

  it('is refused with an unacceptable password, and says what would be right', async () => {
    const json = { email: 'short@example.com', password: 'short' }
    const { status, body } = await test.call({ path: '/accounts', json })
    expect([status, body['code'], body['field']]).toEqual([400, 'password_unacceptable', '/password'])
    expect(body['detail']).toBe('It must have at least 8 characters.')
  })

  it('is refused where it is closed, and makes no account', async () => {
    const closed = await openServer({ signUp: 'closed' })
    const { status, body } = await signUp(closed)
    expect([status, body['code']]).toEqual([403, 'sign_up_closed'])
    expect(await closed.stores.database.findAccountByEmail(EMAIL)).toBeUndefined()
  })

  it.each([
    'no-at-sign',
    'two@at@signs',
    '@nothing.before',
    'nothing-after@',
    'with space@example.com',
    'tab\t@example.com',
    'new\nline@example.com',
    'zero\u200bwidth@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(253)}`,
    '',
  ])('is refused with the address %j', async (email) => {
    const { status, body } = await test.call({ path: '/accounts', json: { email, password: PASSWORD } })
    expect([status, body['code'], body['field']]).toEqual([400, 'invalid_request', '/email'])
  })

  it.each(["o'brien+tag@example.com", 'ada@localhost', '김@예시.한국', `${'a'.repeat(64)}@example.com`])(
    'takes the address %s',
    async (email) => {
      expect((await signUp(test, email)).status).toBe(201)
    },
  )
})

describe('signing in', () => {
  it('hands a stateful session over in the body', async () => {
    const { answer } = await signIn(test, 'stateful')
    expect(Object.keys(answer.body).sort()).toEqual(['session', 'session_token'])
    expect(answer.body['session_token']).toMatch(/^cfs_/)
    expect(answer.setCookies).toEqual([])
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it.each([
    ['hybrid', /^cfr_/],
    ['stateless', /^eyJ/],
  ])('hands a %s session over in the body', async (strategy, form) => {
    const { answer } = await signIn(test, strategy)
    expect(Object.keys(answer.body).sort()).toEqual([
      'access_token',
      'expires_in',
      'refresh_token',
      'session',
      'token_type',
    ])
    expect(answer.body['refresh_token']).toMatch(form)
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 300 })
    expect(answer.setCookies).toEqual([])
  })

  it('V3.3.1 V3.3.2 V3.3.3 V3.3.4 NIST 5.1.1 hands a stateful session to a browser in a cookie alone', async () => {
    const { answer } = await signIn(test, 'web-stateful')
    expect(Object.keys(answer.body)).toEqual(['session'])
    const [cookie = '', ...others] = answer.setCookies
    expect(others).toEqual([])
    expect(cookie).toMatch(/^__Host-session=cfs_[\w-]+; Path=\/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax$/)
    expect(cookie).not.toMatch(/Domain/i)
  })

  it.each([
    ['web-hybrid', 'cfr_', 14 * 86_400],
    ['web-stateless', 'eyJ', 86_400],
  ])(
    'V3.3.1 V3.3.2 V3.3.4 V3.3.5 V10.1.1 hands the refresh token of %s to a browser in a cookie alone',
    async (clientId, prefix, seconds) => {
      const { answer } = await signIn(test, clientId)
      expect(Object.keys(answer.body).sort()).toEqual(['access_token', 'expires_in', 'session', 'token_type'])
      const [cookie = '', ...others] = answer.setCookies
      expect(others).toEqual([])
      const [pair = '', ...attributes] = cookie.split('; ')
      expect(pair.startsWith(`__Secure-refresh-${clientId}=${prefix}`)).toBe(true)
      expect(attributes).toEqual(['Path=/oauth/token', `Max-Age=${seconds}`, 'Secure', 'HttpOnly', 'SameSite=Strict'])
      expect(Buffer.byteLength(pair)).toBeLessThanOrEqual(4096)
    },
  )

  it('puts the refresh cookie under the path of an issuer that has one', async () => {
    const under = await openServer({ issuer: 'https://example.com/auth' })
    const { answer } = await signIn(under, 'web-hybrid')
    expect(answer.setCookies[0]).toContain('; Path=/auth/oauth/token; ')
    expect((await under.call({ path: '/auth/healthz' })).status).toBe(200)
  })

  it('fails with the same words for an unknown account, a wrong password and a disabled account', async () => {
    const disabled = await signUp(test, 'disabled@example.com')
    await test.server.auth.disableAccount(disabled.body['id'] as never)
    const tries = [
      { email: 'nobody@example.com', password: PASSWORD },
      { email: EMAIL, password: 'not the password' },
      { email: 'disabled@example.com', password: PASSWORD },
    ]
    const answers = await Promise.all(
      tries.map((json) => test.call({ path: '/sessions', json: { client_id: 'hybrid', ...json } })),
    )
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual(tries.map(() => [401, 'sign_in_failed']))
    expect(answers[0]?.headers['www-authenticate']).toBe('Bearer realm="counterfoil"')
  })

  it('is refused for an application that is not there', async () => {
    const json = { client_id: 'nobody', email: EMAIL, password: PASSWORD }
    const { status, body } = await test.call({ path: '/sessions', json })
    expect([status, body['code'], body['field']]).toEqual([400, 'unknown_application', '/client_id'])
  })

  it('is throttled after too many failures, and says how long', async () => {
    const throttled = await openServer({ settings: { signInAttemptsPerSource: 3 } })
    await signUp(throttled)
    const json = { client_id: 'hybrid', email: EMAIL, password: 'not the password' }
    for (let attempt = 0; attempt < 3; attempt++) await throttled.call({ path: '/sessions', json })
    const { status, body, headers } = await throttled.call({ path: '/sessions', json: { ...json, password: PASSWORD } })
    expect([status, body['code']]).toEqual([429, 'too_many_attempts'])
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  })

  it('V15.3.4 is throttled by the address that trusted proxies tell, and by no other', async () => {
    const settings = { signInAttemptsPerAddress: 2 }
    const proxied = await openServer({ settings, trustedProxies: ['10.0.0.0/8'] })
    const attempt = async (address: string, forwarded: string, at: number): Promise<number> => {
      const json = { client_id: 'hybrid', email: `nobody-${at}@example.com`, password: PASSWORD }
      const headers = { 'x-forwarded-for': forwarded }
      return (await proxied.call({ path: '/sessions', json, address, headers })).status
    }
    const told: number[] = []
    for (let at = 0; at < 3; at++) told.push(await attempt('10.1.1.1', '203.0.113.9', at))
    expect(told).toEqual([401, 401, 429])
    expect(await attempt('10.1.1.1', '203.0.113.10', 3)).toBe(401)
    const forged: number[] = []
    for (let at = 0; at < 3; at++) forged.push(await attempt('198.51.100.7', `203.0.113.${20 + at}`, 10 + at))
    expect(forged).toEqual([401, 401, 429])
  })

  it('V7.2.4 ends the session whose cookie it replaces', async () => {
    const first = await signIn(test, 'web-stateful')
    const second = await signIn(test, 'web-stateful', { cookie: present(first.cookie), from: 'same-origin' })
    expect(second.cookie).not.toBe(first.cookie)
    expect((await test.call({ path: '/sessions/current', cookie: present(second.cookie) })).status).toBe(200)
    const old = await test.call({ path: '/sessions/current', cookie: present(first.cookie) })
    expect([old.status, old.body['code']]).toEqual([401, 'credential_ended'])
  })

  it('leaves a session of another application alone', async () => {
    const first = await signIn(test, 'stateful')
    await signIn(test, 'hybrid', { token: first.token })
    expect((await test.call({ path: '/sessions/current', token: first.token })).status).toBe(200)
  })

  it('V7.2.1 gives sessions in all strategies that the same endpoint knows', async () => {
    for (const clientId of ['stateless', 'stateful', 'hybrid']) {
      const held = await signIn(test, clientId)
      const { status, body } = await test.call({ path: '/sessions/current', token: held.token })
      expect(status).toBe(200)
      expect(body).toMatchObject({
        account: { email: EMAIL, name: 'Ada' },
        session: { id: held.sessionId, client_id: clientId, strategy: clientId, current: true },
      })
    }
  })

  it('remembers device, address and program for the list of sessions', async () => {
    const json = { client_id: 'stateful', email: EMAIL, password: PASSWORD, device_label: 'My phone' }
    const headers = { 'user-agent': `Browser ${'x'.repeat(500)}` }
    const held = heldBy(await test.call({ path: '/sessions', json, headers, address: '::ffff:203.0.113.9' }))
    const { body } = await test.call({ path: '/sessions/current', token: held.token })
    expect(body['session']).toMatchObject({ device_label: 'My phone', address: '203.0.113.9' })
    expect((body['session'] as { user_agent: string }).user_agent).toHaveLength(256)
  })

  it('V9.2.2 gives tokens that are good for one use each', async () => {
    const hybrid = await signIn(test, 'hybrid')
    const stateless = await signIn(test, 'stateless')
    const stateful = await signIn(test, 'stateful')
    for (const token of [hybrid.refreshToken, stateless.refreshToken]) {
      const { status, body } = await test.call({ path: '/sessions/current', token })
      expect([status, body['code']]).toEqual([401, 'credential_untrusted'])
    }
    for (const token of [hybrid.token, stateless.token, stateful.token]) {
      const { status, body } = await refresh(test, 'hybrid', present(token))
      expect([status, body['error']]).toEqual([400, 'invalid_grant'])
    }
  })
})

describe('while attempts cannot be counted', () => {
  const json = { client_id: 'web-stateful', email: EMAIL, password: PASSWORD }

  async function openUncounted(broken: 'counters' | 'familiar') {
    const stores = createMemoryStores()
    const state = { broken: false, asked: 0 }
    const uncounted = await openServer({ ...stores, [broken]: breakable(stores[broken], state) })
    await signUp(uncounted)
    return { ...uncounted, database: stores.database, state }
  }

  it.each(['counters', 'familiar'] as const)(
    'nobody is signed in, out, or told that a password is wrong, as long as the %s are out of reach',
    async (broken) => {
      const uncounted = await openUncounted(broken)
      const held = await signIn(uncounted, 'web-stateful')
      const before = await uncounted.database.readAudit(0, 100)
      uncounted.state.broken = true
      for (const password of [PASSWORD, 'wrong battery staple']) {
        const sent = { path: '/sessions', json: { ...json, password }, cookie: held.cookie }
        const { status, body, headers, setCookies } = await uncounted.call(sent)
        expect([status, body['code'], headers['retry-after'], setCookies]).toEqual([503, 'store_unavailable', '1', []])
      }
      expect(await uncounted.database.readAudit(0, 100)).toEqual(before)
      expect((await uncounted.call({ path: '/sessions/current', cookie: held.cookie })).status).toBe(200)
      uncounted.state.broken = false
      expect((await uncounted.call({ path: '/sessions', json })).status).toBe(201)
    },
  )

  it('nobody makes an account, or changes a password', async () => {
    const uncounted = await openUncounted('counters')
    const held = await signIn(uncounted, 'stateful')
    uncounted.state.broken = true
    expect((await signUp(uncounted, 'grace@example.com')).body['code']).toBe('store_unavailable')
    const change = { current_password: PASSWORD, new_password: 'another battery horse' }
    const changed = await uncounted.call({ method: 'PUT', path: '/account/password', json: change, token: held.token })
    expect([changed.status, changed.body['code']]).toEqual([503, 'store_unavailable'])
    uncounted.state.broken = false
    expect(await uncounted.database.findAccountByEmail('grace@example.com')).toBeUndefined()
    expect((await uncounted.call({ path: '/sessions', json })).status).toBe(201)
  })
})
