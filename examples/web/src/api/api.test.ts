import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVerifier, type Verifier } from '@counterfoil/verifier'
import { WebSocket } from 'ws'
import { createShopApi } from './api.ts'

const ISSUER = 'https://auth.example.com'
const API = 'https://api.example.com'
const SHOP = 'https://shop.example.com'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const { crv, x } = publicKey.export({ format: 'jwk' })
const KEYS = { keys: [{ kty: 'OKP', crv, x, kid: 'a', alg: 'EdDSA', use: 'sig' }] }

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const draw = (): string => randomBytes(16).toString('base64url')

function makeToken(sub = draw()): string {
  const now = Math.floor(Date.now() / 1000)
  const ids = { sub, jti: draw(), sid: draw() }
  const times = { iat: now, exp: now + 300, auth_time: now }
  const generations = { account_generation: 0, client_generation: 0, log_position: 'AAAAAAAA.0' }
  const claims = { iss: ISSUER, aud: [API], client_id: 'shop-hybrid', strategy: 'hybrid', roles: [], amr: ['pwd'] }
  const signed = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: 'a' })}.${encode({ ...claims, ...ids, ...times, ...generations })}`
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
}

let verifier: Verifier
let api: ReturnType<typeof createShopApi>
let port = 0

beforeAll(async () => {
  verifier = createVerifier({ issuer: ISSUER, audience: API, jwks: KEYS })
  api = createShopApi(verifier, SHOP)
  api.server.listen(0, '127.0.0.1')
  await once(api.server, 'listening')
  const address = api.server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterAll(() => {
  api.close()
  verifier.close()
})

function ask(method: string, path: string, token: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, origin: SHOP }
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body ? JSON.stringify(body) : null })
}

/** The first thing that a socket says, or the status with which it is refused. */
async function open(protocols: string[], origin: string | undefined = SHOP): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, protocols, { origin })
  const said = Promise.race([
    once(socket, 'message').then(([data]) => String(data)),
    once(socket, 'unexpected-response').then(([, response]) => String((response as { statusCode: number }).statusCode)),
  ])
  const heard = await said
  socket.terminate()
  return heard
}

async function fetchTicket(token: string): Promise<string> {
  const { ticket } = (await (await ask('POST', '/tickets', token)).json()) as { ticket: string }
  return ticket
}

describe('orders', () => {
  it('are shown to the account that placed them, and to no other', async () => {
    const ada = makeToken()
    expect((await ask('POST', '/orders', ada, { item: ' tea ' })).status).toBe(201)
    expect(await (await ask('GET', '/orders', ada)).json()).toMatchObject({ orders: [{ id: 1, item: 'tea' }] })
    expect(await (await ask('GET', '/orders', makeToken())).json()).toEqual({ orders: [] })
  })

  it.each([{ item: '' }, { item: 7 }, {}, undefined])('are something: %j is refused, and not kept', async (body) => {
    const token = makeToken()
    expect((await ask('POST', '/orders', token, body)).status).toBe(400)
    expect(await (await ask('GET', '/orders', token)).json()).toEqual({ orders: [] })
  })

  it('V3.4.2 can be read by pages of the shop, and of no other origin', async () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/orders`, { method: 'OPTIONS', headers: { origin } })
    expect((await preflight(SHOP)).headers.get('access-control-allow-origin')).toBe(SHOP)
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('a socket', () => {
  it('V4.4.3 V4.4.4 is opened by a ticket that was fetched with the credential, once', async () => {
    const ticket = await fetchTicket(makeToken())
    expect(JSON.parse(await open(['shop', `ticket.${ticket}`]))).toMatchObject({ kind: 'welcome' })
    expect(await open(['shop', `ticket.${ticket}`])).toBe('401')
  })

  it('V4.4.2 is refused to pages of other origins, and their try does not use the ticket up', async () => {
    const protocols = ['shop', `ticket.${await fetchTicket(makeToken())}`]
    expect(await open(protocols, 'https://evil.example')).toBe('403')
    expect(JSON.parse(await open(protocols))).toMatchObject({ kind: 'welcome' })
  })

  it('is refused to whoever shows nothing, or something made up', async () => {
    expect(await open(['shop'])).toBe('401')
    expect(await open(['shop', 'ticket.made-up'])).toBe('401')
  })
})
