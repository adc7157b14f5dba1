import { beforeAll, describe, expect, it } from 'vitest'
import { openServer, present, signIn, type TestServer } from '../server.fixture.ts'

let test: TestServer
beforeAll(async () => {
  test = await openServer()
})

describe('what is public', () => {
  it('RFC 8414 2 RFC 8414 3 RFC 9700 2.6 is described under the well-known path, with the issuer to the letter', async () => {
    const { body, headers } = await test.call({ path: '/.well-known/oauth-authorization-server' })
    expect(body).toMatchObject({
      issuer: 'https://auth.example.com',
      token_endpoint: 'https://auth.example.com/oauth/token',
      jwks_uri: 'https://auth.example.com/.well-known/jwks.json',
      grant_types_supported: ['refresh_token'],
      response_types_supported: [],
      introspection_endpoint: 'https://auth.example.com/oauth/introspect',
      revocation_endpoint: 'https://auth.example.com/oauth/revoke',
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    })
    expect(headers['content-type']).toMatch(/^application\/json/)
  })

  it('RFC 8414 3.1 is found for an issuer with a path, whether a proxy takes that off or not', async () => {
    const { call } = await openServer({ issuer: 'https://example.com/auth' })
    const at = async (path: string): Promise<unknown> => (await call({ path })).body['issuer']
    expect(await at('/.well-known/oauth-authorization-server/auth')).toBe('https://example.com/auth')
    expect(await at('/.well-known/oauth-authorization-server')).toBe('https://example.com/auth')
    expect(await at('/auth/.well-known/oauth-authorization-server')).toBe('https://example.com/auth')
    expect((await call({ path: '/auth/.well-known/jwks.json' })).status).toBe(200)
    expect((await call({ path: '/authority/healthz' })).status).toBe(404)
  })

  it('RFC 8414 3.2 may be read by any page, without credentials', async () => {
    for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/jwks.json', '/openapi.json']) {
      const { headers } = await test.call({ path, origin: 'https://anywhere.example' })
      expect(headers['access-control-allow-origin']).toBe('*')
      expect(headers['access-control-allow-credentials']).toBeUndefined()
    }
  })

  it('has the next key beside the one that signs, and no private part', async () => {
    const { body, headers } = await test.call({ path: '/.well-known/jwks.json' })
    const keys = body['keys'] as Record<string, unknown>[]
    expect(keys.length).toBeGreaterThanOrEqual(2)
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    expect(headers['cache-control']).toBe('public, max-age=300')
  })

  it('may be kept for half the time that a key is published before it signs', async () => {
    const quick = await openServer({ settings: { keyPublicationSeconds: 60 } })
    const { headers } = await quick.call({ path: '/.well-known/jwks.json' })
    expect(headers['cache-control']).toBe('public, max-age=30')
  })

  it('shows a new key as soon as there is one', async () => {
    const own = await openServer()
    const before = await own.call({ path: '/.well-known/jwks.json' })
    own.clock.forward(own.policy.signingKeyRotationSeconds)
    await own.server.auth.upkeep()
    const after = await own.call({ path: '/.well-known/jwks.json' })
    expect(after.text).not.toBe(before.text)
  })

  it('is described in OpenAPI 3.1 with a name, a summary and a tag for each operation', () => {
    const { openapi, paths } = test.document.openapi
    expect(openapi).toBe('3.1.0')
    const operations = Object.values(paths).flatMap((path) => Object.values(path))
    const names = operations.map(({ operationId }) => operationId)
    expect(new Set(names).size).toBe(operations.length)
    expect(names).not.toContain(undefined)
    for (const operation of operations)
      expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] })
  })

  it('can be read and tried on a page that runs its own scripts only', async () => {
    const page = await test.call({ path: '/docs' })
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = present(page.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(page.text).not.toMatch(/<script(?![^>]*src=)/)
    expect((await test.call({ path: '/docs/static/swagger-ui.css' })).status).toBe(200)
  })
})

describe('every answer', () => {
  it('tells browsers to make nothing of it', async () => {
    const { token } = await signIn(test, 'stateful')
    for (const path of ['/sessions/current', '/nowhere', '/healthz']) {
      const { headers } = await test.call({ path, token })
      expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'")
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['strict-transport-security']).toBe('max-age=31536000')
      expect(headers['server']).toBeUndefined()
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers['x-request-id']).toMatch(/^[\w-]+$/)
    }
  })
})

describe('health', () => {
  it('is alive whatever the stores do, and ready only with them', async () => {
    expect((await test.call({ path: '/readyz' })).status).toBe(200)
    test.breakStores(true)
    expect((await test.call({ path: '/healthz' })).status).toBe(200)
    const { status, body } = await test.call({ path: '/readyz' })
    test.breakStores(false)
    expect([status, body['code']]).toEqual([503, 'store_unavailable'])
  })
})

describe('a path', () => {
  it('that is not there is 404, in every spelling', async () => {
    for (const path of [
      '/nowhere',
      '/sessions/',
      '/sessions//current',
      '/SESSIONS',
      '/account/',
      '/.env',
      '/sessions/current/x',
      '/oauth/authorize',
    ]) {
      const { status, body } = await test.call({ path })
      expect([path, status, body['code']]).toEqual([path, 404, 'not_found'])
    }
  })

  it('tells which methods it takes', async () => {
    for (const [method, path, allow] of [
      ['PUT', '/sessions', 'DELETE, GET, HEAD, POST'],
      ['GET', '/oauth/token', 'POST'],
      ['POST', '/sessions/current', 'DELETE, GET, HEAD'],
      ['GET', '/sessions/abc', 'DELETE'],
      ['PROPFIND', '/account', 'DELETE, GET, HEAD, PATCH'],
      ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
    ] as const) {
      const { status, body, headers } = await test.call({ method, path })
      expect([path, status, body['code'], headers['allow']]).toEqual([path, 405, 'method_not_allowed', allow])
    }
  })

  it('that is too long or badly encoded is refused', async () => {
    expect((await test.call({ path: `/sessions?${'x'.repeat(9000)}` })).body['code']).toBe('uri_too_long')
    expect((await test.call({ method: 'DELETE', path: `/sessions/${'x'.repeat(500)}` })).body['code']).toBe(
      'uri_too_long',
    )
    expect((await test.call({ path: '/sessions/%zz' })).body['code']).toBe('invalid_request')
  })
})
