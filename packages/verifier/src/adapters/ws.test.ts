import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createVerifier, type Verifier } from '../verifier.ts'
import { TestAuthority } from './authority.fixture.ts'
import { acceptUpgrade, authOf, CLOSE_CODES } from './ws.ts'

let authority: TestAuthority
let verifier: Verifier
let url: string
const wall = { ahead: 0 }
let stop: () => Promise<void>

beforeEach(async () => {
  authority = new TestAuthority()
  await authority.open()
  wall.ahead = 0
  const { issuer, jwks } = authority
  const clock = { now: () => Date.now() + wall.ahead }
  verifier = createVerifier({ issuer, audience: issuer, jwks, feed: { key: 'k' }, onStale: 'reject', clock })
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', (socket, request) => socket.send(authOf(request)?.identity.accountId ?? 'nobody'))
  const server = createServer().listen(0, '127.0.0.1')
  server.on('upgrade', acceptUpgrade(verifier, sockets, { require: { roles: ['support'] } }))
  await once(server, 'listening')
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`
  stop = async () => {
    for (const client of sockets.clients) client.terminate()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
    verifier.close()
    await authority.close()
  }
})

afterEach(() => stop())

function connect(token: string | undefined): WebSocket {
  return new WebSocket(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
}

async function statusOf(token: string | undefined): Promise<number | undefined> {
  const socket = connect(token)
  socket.on('error', () => undefined)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }]
  return response.statusCode
}

it('lets in whoever may, and knows who it is', async () => {
  const socket = connect(authority.token({ sub: 'AQIDBAUGBwgJCgsMDQ4PEA' }).token)
  const [message] = (await once(socket, 'message')) as [Buffer]
  expect(message.toString()).toBe('AQIDBAUGBwgJCgsMDQ4PEA')
  socket.close()
})

it('answers the upgrade of whoever may not as any request', async () => {
  expect(await statusOf(undefined)).toBe(401)
  expect(await statusOf('nonsense')).toBe(401)
  expect(await statusOf(authority.token({ roles: [] }).token)).toBe(403)
  await once(connect(authority.token().token), 'message')
  authority.isAway = true
  wall.ahead = 61_000
  expect(await statusOf(authority.token().token)).toBe(503)
})

it('closes a socket when its session ends', async () => {
  const { token, sessionId } = authority.token()
  const socket = connect(token)
  await once(socket, 'message')
  authority.revoke(sessionId)
  const [code] = (await once(socket, 'close')) as [number]
  expect(code).toBe(CLOSE_CODES.ended)
})
