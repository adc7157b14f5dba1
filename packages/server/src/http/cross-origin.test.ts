import { describe, expect, it } from 'vitest'
import { makeProof, makeProofKey } from '../proof.fixture.ts'
import { APP_ORIGIN, EMAIL, ISSUER, openServer, PASSWORD, type Call } from '../server.fixture.ts'
import { changesSomething, isOriginAllowed } from './cross-origin.ts'

const OWN = 'https://auth.example.com'
const LISTED = ['https://app.example.com']

function allowed(site: string | undefined, origin: string | undefined): boolean {
  return isOriginAllowed({ site, origin }, OWN, LISTED)
}

describe('a request with a cookie that changes something', () => {
  it.each([
    ['same-origin', OWN],
    ['same-origin', undefined],
    ['same-origin', 'null'],
    ['none', undefined],
    [undefined, OWN],
    ['same-site', 'https://app.example.com'],
    ['cross-site', 'https://app.example.com'],
    [undefined, 'https://app.example.com'],
  ])('V3.5.1 is carried out from site %s, origin %s', (site, origin) => {
    expect(allowed(site, origin)).toBe(true)
  })

  it.each([
    ['cross-site', 'https://evil.example'],
    ['same-site', 'https://other.example.com'],
    ['cross-site', undefined],
    ['same-site', undefined],
    ['cross-site', OWN],
    ['cross-site', 'null'],
    [undefined, 'null'],
    [undefined, 'https://evil.example'],
    [undefined, 'http://auth.example.com'],
    [undefined, 'https://auth.example.com.evil.example'],
    [undefined, 'https://app.example.com/'],
    ['nonsense', undefined],
    [undefined, undefined],
  ])('V3.5.1 is refused from site %s, origin %s', (site, origin) => {
    expect(allowed(site, origin)).toBe(false)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPPATCH', 'post', ''])('is one with the method %j', (method) => {
    expect(changesSomething(method)).toBe(true)
  })

  it.each(['GET', 'HEAD', 'OPTIONS'])('is none with the method %s', (method) => {
    expect(changesSomething(method)).toBe(false)
  })
})

describe('a page of a listed origin', () => {
  const list = (header: string | undefined): string[] => (header ?? '').split(',').map((name) => name.trim())

  it.each(['/sessions', '/account', '/oauth/token', '/oauth/revoke'])(
    'RFC 9449 4.3 may send a proof to %s, with all that a client sends besides',
    async (path) => {
      const { call } = await openServer()
      const sent = ['authorization', 'content-type', 'dpop', 'if-match', 'if-none-match']
      const { status, headers } = await call({
        method: 'OPTIONS',
        path,
        origin: APP_ORIGIN,
        headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': sent.join(',') },
      })
      expect([status, headers['access-control-allow-origin']]).toEqual([204, APP_ORIGIN])
      expect(list(headers['access-control-allow-headers'])).toEqual(expect.arrayContaining(sent))
    },
  )

  const answers: readonly (readonly [string, number, Call])[] = [
    ['an answer that is good', 201, { path: '/accounts', json: { email: EMAIL, password: PASSWORD, name: 'Ada' } }],
    ['a refusal of a request', 401, { path: '/account' }],
    ['a refusal of a bound token', 401, { path: '/account', headers: { authorization: 'DPoP x', dpop: 'x' } }],
    [
      'a refusal at the token endpoint',
      400,
      { path: '/oauth/token', form: { grant_type: 'refresh_token', refresh_token: 'x' }, headers: { dpop: 'x' } },
    ],
    ['a refusal of a form', 400, { path: '/sessions', json: {} }],
    ['a route that is not there', 404, { path: '/nowhere' }],
  ]

  it.each(answers)('RFC 9449 8 reads the nonce and the challenge of %s', async (_title, expected, request) => {
    const { call } = await openServer()
    const { status, headers } = await call({ ...request, origin: APP_ORIGIN })
    expect([status, headers['access-control-allow-origin']]).toEqual([expected, APP_ORIGIN])
    expect(list(headers['access-control-expose-headers'])).toEqual(
      expect.arrayContaining(['dpop-nonce', 'www-authenticate', 'retry-after']),
    )
  })

  it('RFC 9449 8 reads the nonce that its next proof needs', async () => {
    const { call, clock } = await openServer()
    const dpop = makeProof(makeProofKey(), clock, { url: `${ISSUER}/sessions`, claims: { iat: 0 } })
    const json = { client_id: 'hybrid', email: EMAIL, password: PASSWORD }
    const { headers } = await call({ path: '/sessions', json, headers: { dpop }, origin: APP_ORIGIN })
    expect(headers['dpop-nonce']).toMatch(/^[\w-]{43}$/)
    expect(headers['access-control-allow-origin']).toBe(APP_ORIGIN)
    expect(list(headers['access-control-expose-headers'])).toContain('dpop-nonce')
  })

  it('RFC 9449 8 reads them when the stores are away, too', async () => {
    const test = await openServer()
    test.breakStores(true)
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'hybrid' }
    const { status, headers } = await test.call({ path: '/oauth/token', form, origin: APP_ORIGIN })
    expect(status).toBe(503)
    expect(headers['access-control-allow-origin']).toBe(APP_ORIGIN)
    expect(list(headers['access-control-expose-headers'])).toEqual(
      expect.arrayContaining(['dpop-nonce', 'www-authenticate', 'retry-after']),
    )
  })

  it('RFC 9449 8 and no other origin is told anything', async () => {
    const { call } = await openServer()
    const { headers } = await call({ path: '/account', origin: 'https://evil.example' })
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })
})
