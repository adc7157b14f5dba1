import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import { createVerifier } from '@counterfoil/verifier'
import { createOrdersApi } from './api.ts'

const ISSUER = 'https://auth.example.com'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const { crv, x } = publicKey.export({ format: 'jwk' })
const KEYS = { keys: [{ kty: 'OKP', crv, x, kid: 'a', alg: 'EdDSA', use: 'sig' }] }
const ADA = randomBytes(16).toString('base64url')
const BOB = randomBytes(16).toString('base64url')

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

function tokenOf(sub: string, more: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const ids = { jti: randomBytes(16).toString('base64url'), sid: randomBytes(16).toString('base64url') }
  const times = { iat: now, exp: now + 300, auth_time: now }
  const generations = { account_generation: 0, client_generation: 0, log_position: 'AAAAAAAA.0' }
  const claims = { iss: ISSUER, aud: [ISSUER], client_id: 'hybrid', strategy: 'hybrid', roles: [], amr: ['pwd'] }
  const payload = { ...claims, sub, ...ids, ...times, ...generations, ...more }
  const signed = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: 'a' })}.${encode(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
}

const api = createOrdersApi(createVerifier({ issuer: ISSUER, audience: ISSUER, jwks: KEYS }), false)
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

it('V10.3.2 shows and takes orders by the subject of the token alone', async () => {
  const payload = { item: 'tea', quantity: 2 }
  const placed = await api.inject({ method: 'POST', url: '/orders', headers: bearer(tokenOf(ADA)), payload })
  expect([placed.statusCode, placed.json()]).toEqual([201, { id: 1, ...payload }])
  const ordersOf = async (sub: string): Promise<unknown> =>
    (await api.inject({ url: '/orders', headers: bearer(tokenOf(sub)) })).json()
  expect(await ordersOf(ADA)).toEqual({ orders: [{ id: 1, ...payload }] })
  expect(await ordersOf(BOB)).toEqual({ orders: [] })
})

it('V10.3.3 a subject of another issuer is nobody here', async () => {
  const foreign = tokenOf(ADA, { iss: 'https://other.example.com' })
  const { statusCode, headers } = await api.inject({ url: '/orders', headers: bearer(foreign) })
  expect([statusCode, headers['www-authenticate']]).toEqual([
    401,
    expect.stringMatching(/^Bearer realm="counterfoil", error="invalid_token"/),
  ])
})

it('answers 401 with a challenge to whoever shows nothing', async () => {
  for (const call of [{ url: '/whoami' }, { url: '/orders' }]) {
    const { statusCode, headers } = await api.inject(call)
    expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer realm="counterfoil"'])
  }
})

it('answers 503 and no 401 while nobody can tell', async () => {
  const failing = (() => Promise.reject(new Error('no route to the issuer'))) as typeof fetch
  const cut = createOrdersApi(createVerifier({ issuer: ISSUER, audience: ISSUER, fetch: failing }), false)
  const { statusCode, headers, body } = await cut.inject({ url: '/whoami', headers: bearer(tokenOf(ADA)) })
  expect([statusCode, JSON.parse(body)]).toMatchObject([503, { code: 'cannot_tell', reason: 'keys-unavailable' }])
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
})
