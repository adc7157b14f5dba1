import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeProof, makeProofKey, type ProofFor, type ProofKeyPair } from '../proof.fixture.ts'
import {
  claimsIn,
  ISSUER,
  openServer,
  ORDERS,
  present,
  signIn,
  VERIFIER,
  type Answer,
  type Call,
  type TestServer,
} from '../server.fixture.ts'

const GATEWAY = '198.51.100.7'
const SHOP = 'https://shop.example.com'
const TOLD = {
  'x-forwarded-method': 'PUT',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'shop.example.com',
  'x-forwarded-uri': '/cart?item=1',
} as const
type Told = Readonly<Record<string, string | string[]>>

let test: TestServer
let key: ProofKeyPair
beforeAll(async () => {
  test = await openServer({ trustedProxies: [GATEWAY], gatewayOrigins: [SHOP, 'http://localhost:8080'] })
})
beforeEach(() => {
  key = makeProofKey()
})

/** A bound token for the shop. */
async function bind(at: TestServer): Promise<string> {
  const dpop = makeProof(key, at.clock, { url: `${ISSUER}/sessions` })
  return present((await signIn(at, 'shop', { headers: { dpop } })).token)
}

/** What a gateway is told that says this, about a request with a proof for the cart. */
function verify(at: TestServer, token: string, told: Told, more: Partial<ProofFor & Call> = {}): Promise<Answer> {
  const { path = '/verify', address = GATEWAY, headers, ...given } = more
  const dpop = makeProof(key, at.clock, { method: 'PUT', url: `${SHOP}/cart`, token, ...given })
  return at.call({ path, address, headers: { authorization: `DPoP ${token}`, dpop, ...told, ...headers } })
}

/** The same for the server that all share, in short: the status, or the code of a refusal and what would be right. */
async function said(token: string, told: Told, more: Partial<ProofFor & Call> = {}): Promise<unknown> {
  const { status, body } = await verify(test, token, told, more)
  return status === 200 ? status : [body['code'], body['detail']]
}

describe('a gateway that asks about a bound token', () => {
  it('RFC 9449 4.3 is believed about what was asked for where it is trusted, says all of it and stands at an origin that is listed', async () => {
    const token = await bind(test)
    const passed = await verify(test, token, TOLD, { path: `/verify?audience=${encodeURIComponent(ORDERS)}` })
    expect(passed.status).toBe(200)
    expect(claimsIn(present(passed.headers['x-access-token']))['cnf']).toBeUndefined()
    expect(passed.headers['dpop-nonce']).toBeUndefined()
  })

  it('RFC 9449 6.2 is given a token for its upstream that is bound to nothing, by introspection too, though its session is', async () => {
    const passed = await verify(test, await bind(test), TOLD, {
      path: `/verify?audience=${encodeURIComponent(ORDERS)}`,
    })
    const form = { token: present(passed.headers['x-access-token']) }
    const headers = { authorization: `Bearer ${VERIFIER.key}` }
    const { body } = await test.call({ path: '/oauth/introspect', form, headers })
    expect(body).toMatchObject({ active: true, aud: ORDERS, token_type: 'Bearer' })
    expect(body['cnf']).toBeUndefined()
  })

  it('RFC 9449 4.3 may spell the origin in any of its ways', async () => {
    const token = await bind(test)
    for (const [protocol, host, url] of [
      ['https', 'shop.example.com:443', `${SHOP}/cart`],
      ['HTTPS', 'SHOP.example.com', `${SHOP}/cart`],
      ['http', 'localhost:8080', 'http://localhost:8080/cart'],
    ] as const) {
      const told = { ...TOLD, 'x-forwarded-proto': protocol, 'x-forwarded-host': host }
      expect(await said(token, told, { url })).toBe(200)
    }
  })

  it('RFC 9449 4.3 hears no from a server that lists no origin, and what would change that', async () => {
    const plain = await openServer({ trustedProxies: [GATEWAY] })
    const { status, body, headers } = await verify(plain, await bind(plain), TOLD)
    expect([status, body['code']]).toEqual([401, 'invalid_dpop_proof'])
    expect(body['detail']).toContain('gateway_origins')
    expect(headers['www-authenticate']).toMatch(/^DPoP .*error="invalid_dpop_proof"/)
  })

  it('RFC 9449 4.3 is not believed from another address than that of a trusted proxy', async () => {
    const refused = ['invalid_dpop_proof', expect.stringContaining('trusted_proxies')]
    expect(await said(await bind(test), TOLD, { address: '203.0.113.9' })).toEqual(refused)
  })

  it.each(Object.keys(TOLD) as (keyof typeof TOLD)[])(
    'RFC 9449 4.3 is not believed without %s, nor with two of it',
    async (name) => {
      const token = await bind(test)
      const { [name]: value, ...rest } = TOLD
      const refused = ['invalid_dpop_proof', expect.stringContaining('each once')]
      expect(await said(token, rest)).toEqual(refused)
      expect(await said(token, { ...rest, [name]: [value, value] })).toEqual(refused)
    },
  )

  it.each<[string, Partial<Record<keyof typeof TOLD, string>>, string]>([
    ['somebody else’s', { 'x-forwarded-host': 'evil.example' }, 'https://evil.example/cart'],
    ['another scheme’s', { 'x-forwarded-proto': 'http' }, 'http://shop.example.com/cart'],
    ['another port’s', { 'x-forwarded-host': 'shop.example.com:8443' }, `${SHOP}:8443/cart`],
    ['that of a name below', { 'x-forwarded-host': 'www.shop.example.com' }, 'https://www.shop.example.com/cart'],
    ['no path, but the rest of a name', { 'x-forwarded-uri': '.evil.example/x' }, `${SHOP}.evil.example/x`],
    ['no path, but a port', { 'x-forwarded-uri': ':8443/x' }, `${SHOP}:8443/x`],
    ['no path, but a user and a host', { 'x-forwarded-uri': '@evil.example/x' }, 'https://evil.example/x'],
    ['a host and a path', { 'x-forwarded-host': 'shop.example.com/x' }, `${SHOP}/x/cart?item=1`],
    ['a user and a host', { 'x-forwarded-host': 'me@shop.example.com' }, `${SHOP}/cart`],
    ['two hosts', { 'x-forwarded-host': 'shop.example.com, evil.example' }, `${SHOP}/cart`],
    ['a whole URL for a scheme', { 'x-forwarded-proto': `${SHOP}/x?` }, `${SHOP}/cart`],
    ['no scheme', { 'x-forwarded-proto': '' }, `${SHOP}/cart`],
    ['no host', { 'x-forwarded-host': '' }, `${SHOP}/cart`],
    ['no path', { 'x-forwarded-uri': '' }, `${SHOP}/`],
  ])('RFC 9449 4.3 is not believed about an address that is %s', async (_title, told, url) => {
    const refused = ['invalid_dpop_proof', expect.stringContaining('gateway_origins')]
    expect(await said(await bind(test), { ...TOLD, ...told }, { url })).toEqual(refused)
  })

  it('RFC 9449 4.3 hears no about a proof for another address, another method or another origin that is listed', async () => {
    const token = await bind(test)
    for (const more of [{ url: `${SHOP}/other` }, { method: 'GET' }, { url: 'http://localhost:8080/cart' }])
      expect(await said(token, TOLD, more)).toEqual(['invalid_dpop_proof', expect.any(String)])
  })

  it('RFC 9449 7.2 11.1 hears no about a bearer, about no proof and about a used one', async () => {
    const token = await bind(test)
    const dpop = makeProof(key, test.clock, { method: 'PUT', url: `${SHOP}/cart`, token })
    const ask = (headers: Told) => said(token, TOLD, { headers })
    expect(await ask({ authorization: `Bearer ${token}` })).toEqual(['credential_bound', undefined])
    expect(await ask({ dpop: [] })).toEqual(['invalid_dpop_proof', expect.any(String)])
    expect(await ask({ dpop })).toBe(200)
    expect(await ask({ dpop })).toEqual(['invalid_dpop_proof', expect.any(String)])
  })

  it('RFC 9449 8 gets a nonce for its client, with refusals and where all proofs need one with good answers', async () => {
    const strict = await openServer({
      trustedProxies: [GATEWAY],
      gatewayOrigins: [SHOP],
      settings: { proofNonceSeconds: 60 },
    })
    const json = { client_id: 'shop', email: 'ada@example.com', password: 'correct horse battery' }
    await signIn(strict, 'shop')
    const signInWith = (nonce?: string): Promise<Answer> => {
      const dpop = makeProof(key, strict.clock, { url: `${ISSUER}/sessions`, nonce })
      return strict.call({ path: '/sessions', json, headers: { dpop } })
    }
    const signedIn = await signInWith(present((await signInWith()).headers['dpop-nonce']))
    const token = String(signedIn.body['access_token'])
    strict.clock.forward(90)
    const refused = await verify(strict, token, TOLD)
    expect(refused.headers['www-authenticate']).toContain('error="use_dpop_nonce"')
    const nonce = present(refused.headers['dpop-nonce'])
    strict.clock.forward(60)
    const passed = await verify(strict, token, TOLD, { nonce })
    expect([passed.status, passed.headers['dpop-nonce']]).toEqual([200, expect.any(String)])
    strict.clock.forward(60)
    expect((await verify(strict, token, TOLD, { nonce: passed.headers['dpop-nonce'] })).status).toBe(200)
  })
})
