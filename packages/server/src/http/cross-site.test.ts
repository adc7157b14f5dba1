import { ROUTES, type SessionId } from '@counterfoil/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { PATHS } from '../pages/site.ts'
import {
  APP_ORIGIN,
  application,
  EMAIL,
  ISSUER,
  openServer,
  PASSWORD,
  present,
  signIn,
  type Call,
  type TestServer,
} from '../server.fixture.ts'

let test: TestServer
beforeAll(async () => {
  test = await openServer()
})

const CHANGES: readonly Call[] = [
  { method: 'DELETE', path: '/sessions/current' },
  { method: 'DELETE', path: '/sessions' },
  { method: 'DELETE', path: `/sessions/${'A'.repeat(22)}` },
  { method: 'PUT', path: '/sessions/current/attributes/cart', json: 1 },
  { method: 'DELETE', path: '/sessions/current/attributes/cart' },
  { method: 'PATCH', path: '/account', json: { name: 'Eve' } },
  {
    method: 'PUT',
    path: '/account/password',
    json: { current_password: PASSWORD, new_password: 'a rather better password' },
  },
  { method: 'DELETE', path: '/account' },
]

/** Where the pages send their forms. */
const FORM_PATHS = [
  ...['name', 'email', 'password', 'delete'].map((name) => `/my/account/${name}`),
  ...['end', 'end-others', 'end-all'].map((name) => `/my/devices/${name}`),
]

const ELSEWHERE: readonly Partial<Call>[] = [
  {},
  { from: 'cross-site' },
  { from: 'cross-site', origin: 'https://evil.example' },
  { from: 'same-site', origin: 'https://other.example.com' },
  { origin: 'https://evil.example' },
  { origin: 'null' },
]

describe('a request with a cookie', () => {
  it.each(CHANGES)('V3.5.1 from elsewhere does not $method $path', async (call) => {
    const cookie = present((await signIn(test, 'web-stateful')).cookie)
    for (const more of ELSEWHERE) {
      const { status, body, setCookies } = await test.call({ ...call, cookie, ...more })
      expect([status, body['code'], setCookies]).toEqual([403, 'cross_origin', []])
    }
    const { body } = await test.call({ path: '/sessions/current', cookie })
    expect(body['account']).toMatchObject({ name: 'Ada' })
  })

  it.each<Partial<Call>>([
    { from: 'same-origin' },
    { from: 'none' },
    { origin: ISSUER },
    { origin: APP_ORIGIN },
    { from: 'same-site', origin: APP_ORIGIN },
  ])('V3.5.1 from where it may come changes what it asks for: %j', async (more) => {
    const cookie = present((await signIn(test, 'web-stateful')).cookie)
    const { status } = await test.call({
      method: 'PUT',
      path: '/sessions/current/attributes/cart',
      json: 1,
      cookie,
      ...more,
    })
    expect(status).toBe(204)
  })

  it('V3.5.3 reads from anywhere, since reading changes nothing', async () => {
    const cookie = present((await signIn(test, 'web-stateful')).cookie)
    for (const more of ELSEWHERE)
      expect((await test.call({ path: '/sessions/current', cookie, ...more })).status).toBe(200)
  })

  it('V3.5.3 changes nothing by GET, HEAD or OPTIONS, whatever its path and whatever else it asks for', async () => {
    const { cookie = '', sessionId } = await signIn(test, 'web-stateful')
    const attribute = { path: '/sessions/current/attributes/cart', cookie, from: 'same-origin' } as const
    expect((await test.call({ ...attribute, method: 'PUT', json: ['tea'] })).status).toBe(204)
    const { database, sessions } = test.stores
    const look = async (): Promise<object> => ({
      account: await database.findAccountByEmail(EMAIL),
      session: await sessions.find(sessionId as SessionId, test.clock.now()),
      cart: (await test.call(attribute)).body,
      audited: (await database.readAudit(0, 10_000)).length,
    })
    const before = await look()
    const documented = Object.keys(test.document.openapi.paths)
    const paths = [...documented, ...Object.values(ROUTES), ...Object.values(PATHS), ...FORM_PATHS]
    const headers = { cookie, 'sec-fetch-site': 'same-origin', 'x-http-method-override': 'DELETE' }
    for (const path of new Set(paths)) {
      const url = `${path.replace('{id}', sessionId).replace(/\{\w+\}/, 'cart')}?_method=DELETE`
      for (const method of ['GET', 'HEAD', 'OPTIONS'] as const) {
        const { statusCode, headers: answered } = await test.server.inject({ method, url, headers })
        expect([method, url, statusCode < 500, answered['set-cookie']]).toEqual([method, url, true, undefined])
        expect([method, url, await look()]).toEqual([method, url, before])
      }
    }
  })

  it('does not matter where a header is the credential', async () => {
    const { token } = await signIn(test, 'stateful')
    const cookie = present((await signIn(test, 'web-stateful')).cookie)
    const call = { method: 'PUT', path: '/sessions/current/attributes/cart', json: 1, token, cookie }
    expect((await test.call({ ...call, from: 'cross-site', origin: 'https://evil.example' })).status).toBe(204)
  })

  it('is refused before its body is looked at', async () => {
    const cookie = present((await signIn(test, 'web-stateful')).cookie)
    const { body } = await test.call({
      method: 'PATCH',
      path: '/account',
      cookie,
      body: '{broken',
      headers: { 'content-type': 'application/json' },
    })
    expect(body['code']).toBe('cross_origin')
  })
})

describe('signing in', () => {
  const json = { client_id: 'web-stateful', email: EMAIL, password: PASSWORD }

  it('V3.5.1 from elsewhere puts no cookie into a browser', async () => {
    await signIn(test, 'stateful')
    for (const more of ELSEWHERE.slice(1)) {
      const { status, body, setCookies } = await test.call({ path: '/sessions', json, ...more })
      expect([status, body['code'], setCookies]).toEqual([403, 'cross_origin', []])
    }
  })

  it('is possible from a listed origin, and for a program, which is no browser', async () => {
    for (const more of [{ from: 'same-site', origin: APP_ORIGIN } as const, {}])
      expect((await test.call({ path: '/sessions', json, ...more })).status).toBe(201)
  })
})

describe('a page of another origin', () => {
  const preflight = (origin: string, path = '/sessions/current') =>
    test.call({
      method: 'OPTIONS',
      path,
      origin,
      headers: { 'access-control-request-method': 'DELETE', 'access-control-request-headers': 'authorization' },
    })

  it('V3.4.2 may read answers with credentials when an application lists it', async () => {
    const { headers } = await test.call({ path: '/sessions/current', origin: APP_ORIGIN })
    expect(headers['access-control-allow-origin']).toBe(APP_ORIGIN)
    expect(headers['access-control-allow-credentials']).toBe('true')
    expect(headers['vary']).toMatch(/Origin/i)
    const asked = await preflight(APP_ORIGIN)
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, APP_ORIGIN])
    expect(asked.headers['access-control-allow-methods']).toContain('DELETE')
    expect(asked.headers['access-control-allow-headers']).toContain('authorization')
  })

  it.each(['https://evil.example', 'null', 'https://app.example.com.evil.example', 'http://app.example.com', ISSUER])(
    'V3.4.2 may read nothing when none lists it: %s',
    async (origin) => {
      for (const answer of [await test.call({ path: '/sessions/current', origin }), await preflight(origin)]) {
        expect(answer.headers['access-control-allow-origin']).toBeUndefined()
        expect(answer.headers['vary']).toMatch(/Origin/i)
      }
    },
  )

  it('RFC 7009 2.3 may revoke when an application lists it, and gets JSON, never a script', async () => {
    const { token } = await signIn(test, 'web-hybrid')
    const form = { token: present(token), client_id: 'web-hybrid', callback: 'x' }
    const { status, headers, text } = await test.call({ path: '/oauth/revoke', form, origin: APP_ORIGIN })
    expect([status, headers['access-control-allow-origin'], text.startsWith('x')]).toEqual([200, APP_ORIGIN, false])
  })

  it('V3.4.2 may read nothing where no application lists any', async () => {
    const closed = await openServer({ applications: [application('hybrid')] })
    const { headers } = await closed.call({ path: '/sessions/current', origin: APP_ORIGIN })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect((await closed.call({ method: 'OPTIONS', path: '/sessions/current', origin: APP_ORIGIN })).status).toBe(405)
  })
})
