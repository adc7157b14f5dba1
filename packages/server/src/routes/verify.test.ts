import { beforeAll, describe, expect, it } from 'vitest'
import {
  APP_ORIGIN,
  claimsIn,
  openServer,
  ORDERS,
  present,
  signIn,
  type Answer,
  type TestServer,
} from '../server.fixture.ts'
import { rolesHeader } from './verify.ts'

let test: TestServer
beforeAll(async () => {
  test = await openServer()
})

function identityOf({ headers }: Answer): unknown[] {
  return [headers['x-session-id'], headers['x-client-id'], headers['x-roles']]
}

describe('verifying for a gateway', () => {
  it.each(['stateless', 'stateful', 'hybrid'])('passes a %s session, and says whose it is', async (clientId) => {
    const held = await signIn(test, clientId)
    const answer = await test.call({ path: '/verify', token: held.token })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(answer.headers['x-account-id']).toMatch(/^[\w-]{22}$/)
    expect(identityOf(answer)).toEqual([held.sessionId, clientId, ''])
    expect(answer.headers['x-access-token']).toBeUndefined()
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'REPORT', 'TRACE'])(
    'takes the method %s, at its path and below it',
    async (method) => {
      const { token } = await signIn(test, 'stateful')
      for (const path of ['/verify', '/verify/orders/1?audience=x&audience=y', '/verify/a%2Fb//c']) {
        expect((await test.call({ method, path, token })).status).toBe(200)
        expect((await test.call({ method, path })).status).toBe(401)
      }
    },
  )

  it('answers before it reads a body, whatever that is', async () => {
    const { token } = await signIn(test, 'stateful')
    const headers = { 'content-type': 'text/strange;;;' }
    expect((await test.call({ method: 'POST', path: '/verify', token, headers, body: '{broken' })).status).toBe(200)
  })

  it('makes a short token for the upstream that the gateway names, out of a session token', async () => {
    const { token, sessionId } = await signIn(test, 'desk')
    const { headers } = await test.call({ path: `/verify?audience=${encodeURIComponent(ORDERS)}`, token })
    const claims = claimsIn(present(headers['x-access-token']))
    expect(claims).toMatchObject({
      aud: ORDERS,
      client_id: 'desk',
      strategy: 'stateful',
      iss: 'https://auth.example.com',
    })
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(test.policy.upstreamTokenSeconds)
    expect(claims['sid']).toBe(sessionId)
  })

  it('V9.2.4 RFC 9068 3 makes no token for an upstream that the application does not name', async () => {
    const { token } = await signIn(test, 'desk')
    const { status, body, headers } = await test.call({ path: '/verify?audience=https://evil.example', token })
    expect([status, body['code'], headers['x-access-token']]).toEqual([403, 'audience_not_allowed', undefined])
    const twice = await test.call({ path: `/verify?audience=${ORDERS}&audience=${ORDERS}`, token })
    expect([twice.status, twice.body['code']]).toEqual([400, 'invalid_request'])
  })

  it('refuses with 401 and says why, and cannot tell with 503', async () => {
    const { token } = await signIn(test, 'stateful')
    const absent = await test.call({ path: '/verify' })
    expect([absent.status, absent.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="counterfoil", DPoP realm="counterfoil", algs="ES256 EdDSA Ed25519 RS256 PS256"',
    ])
    const bad = await test.call({ path: '/verify', token: 'nonsense' })
    expect(bad.headers['www-authenticate']).toContain('error="invalid_token"')
    test.breakStores(true)
    const unknown = await test.call({ path: '/verify', token })
    test.breakStores(false)
    expect([unknown.status, unknown.headers['retry-after']]).toEqual([503, '1'])
  })

  it('V3.5.1 stops a change from elsewhere by cookie, by the method that the gateway passes on', async () => {
    const cookie = present((await signIn(test, 'web-stateful')).cookie)
    const ask = (headers: Record<string, string>, method = 'GET') =>
      test.call({ method, path: '/verify', cookie, headers })
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    for (const name of ['x-forwarded-method', 'x-original-method']) {
      expect((await ask({ ...evil, [name]: 'POST' })).body['code']).toBe('cross_origin')
      expect((await ask({ [name]: 'post' })).body['code']).toBe('cross_origin')
      expect((await ask({ 'sec-fetch-site': 'same-origin', [name]: 'POST' })).status).toBe(200)
      expect((await ask({ origin: APP_ORIGIN, 'sec-fetch-site': 'same-site', [name]: 'DELETE' })).status).toBe(200)
    }
    expect((await ask(evil, 'POST')).body['code']).toBe('cross_origin')
    expect((await ask({}, 'GET')).status).toBe(200)
  })

  it('tells roles in one header that holds any text', () => {
    expect(rolesHeader(['support', 'a,b', '관리자', 'line\r\nbreak', '100%'])).toBe(
      'support,a%2Cb,%EA%B4%80%EB%A6%AC%EC%9E%90,line%0D%0Abreak,100%25',
    )
  })
})
