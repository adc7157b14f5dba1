import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect as connectSocket, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { hashOf, TestClient } from '../proof/client.fixture.ts'
import { createVerifier, type Verifier } from '../verifier.ts'
import type { AuthenticateOptions, Requirements } from './authenticate.ts'
import { TestAuthority } from './authority.fixture.ts'
import { ForwardClock } from './clock.fixture.ts'
import { acceptUpgrade, authOf, CLOSE_CODES } from './ws.ts'

interface Service {
  readonly port: number
  readonly sockets: WebSocketServer
  readonly server: Server
}

let authority: TestAuthority
let verifier: Verifier
let clock: ForwardClock
let service: Service
const closing: (() => Promise<unknown>)[] = []

async function serve(options: AuthenticateOptions & { readonly require?: Requirements }): Promise<Service> {
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', (socket, request) => socket.send(authOf(request)?.identity.accountId ?? 'nobody'))
  const server = createServer().listen(0, '127.0.0.1')
  server.on('upgrade', acceptUpgrade(verifier, sockets, options))
  await once(server, 'listening')
  closing.push(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, sockets, server }
}

beforeEach(async () => {
  authority = new TestAuthority()
  await authority.open()
  clock = new ForwardClock()
  const { issuer, jwks } = authority
  verifier = createVerifier({ issuer, audience: issuer, jwks, feed: { key: 'k' }, onStale: 'accept', clock })
  service = await serve({ onStale: 'reject', require: { roles: ['support'] } })
})

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  verifier.close()
  await authority.close()
})

type Headers = Readonly<Record<string, string>>

function connect(token: string | undefined, at: Service = service): WebSocket {
  return connectWith(token === undefined ? {} : { authorization: `Bearer ${token}` }, at)
}

function connectWith(headers: Headers, { port }: Service = service): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, { headers })
  socket.on('error', () => undefined)
  return socket
}

async function welcome(socket: WebSocket): Promise<string> {
  const [message] = (await once(socket, 'message')) as [Buffer]
  return message.toString()
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number]
  return code
}

function statusOf(token: string | undefined, at: Service = service): Promise<number | undefined> {
  return refusalOf(connect(token, at)).then(([status]) => status)
}

/** The status and the challenge with which an upgrade is refused. */
async function refusalOf(socket: WebSocket): Promise<[number | undefined, string | undefined]> {
  const [, { statusCode, headers }] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  return [statusCode, headers['www-authenticate']]
}

/** A connection that asks for a WebSocket by hand, to do what no decent client does. */
function ask(headers: readonly string[]): Socket {
  const socket = connectSocket({ port: service.port, host: '127.0.0.1', allowHalfOpen: true })
  const upgrade = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13']
  const lines = ['GET /chat HTTP/1.1', 'host: x', ...upgrade, 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', ...headers]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  return socket
}

it('lets in whoever may, and knows who it is', async () => {
  const socket = connect(authority.token({ sub: 'AQIDBAUGBwgJCgsMDQ4PEA' }).token)
  expect(await welcome(socket)).toBe('AQIDBAUGBwgJCgsMDQ4PEA')
})

it('answers the upgrade of whoever may not as any request', async () => {
  expect(await statusOf(undefined)).toBe(401)
  expect(await statusOf('nonsense')).toBe(401)
  expect(await statusOf(authority.token({ exp: 1 }).token)).toBe(401)
  expect(await statusOf(authority.token({ roles: [] }).token)).toBe(403)
  await welcome(connect(authority.token().token))
  authority.isAway = true
  clock.forward(61_000)
  expect(await statusOf(authority.token().token)).toBe(503)
  expect(service.sockets.clients.size).toBe(1)
})

it('lets nobody in where that is allowed, and holds them to what else is required', async () => {
  expect(await welcome(connect(undefined, await serve({ optional: true })))).toBe('nobody')
  expect(await statusOf(undefined, await serve({ optional: true, require: {} }))).toBe(401)
})

it('RFC 9449 7.1 7.2 11.1 lets in who proves to have the key that a token is bound to: once with one proof, for GET of the http URL', async () => {
  const client = new TestClient()
  const { token } = authority.token({ cnf: { jkt: client.thumbprint } })
  const url = `${authority.issuer}/chat`
  const prove = (claims: object = {}): Headers => ({
    authorization: `DPoP ${token}`,
    dpop: client.prove({ claims: { htu: url, ath: hashOf(token), ...claims } }, Math.floor(Date.now() / 1000)),
  })
  const good = prove()
  expect(await welcome(connectWith(good))).toMatch(/^[\w-]{22}$/)
  for (const headers of [
    good,
    { authorization: `DPoP ${token}` },
    { ...prove(), authorization: `Bearer ${token}` },
    prove({ htu: url.replace('http', 'ws') }),
    prove({ htm: 'CONNECT' }),
    prove({ htu: `${authority.issuer}/other` }),
  ])
    expect(await refusalOf(connectWith(headers))).toEqual([401, expect.stringMatching(/^DPoP /)])
  expect(service.sockets.clients.size).toBe(1)
})

it('RFC 6750 2 refuses an upgrade with two credentials, with a whole answer', async () => {
  const { token } = authority.token()
  const socket = ask([`authorization: Bearer ${token}`, `authorization: Bearer ${token}`])
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  await once(socket, 'end')
  const [head = '', body = ''] = text.split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 400 \r\n/)
  expect(head.toLowerCase()).toContain(`content-length: ${body.length}`)
  expect(head.toLowerCase()).toContain('cache-control: no-store')
  expect(JSON.parse(body)).toMatchObject({ code: 'ambiguous_credentials' })
  socket.destroy()
})

it('keeps no connection of whoever was refused, also when they keep theirs', async () => {
  const gone = new Promise((resolve) =>
    service.server.once('connection', (socket: Socket) => socket.once('close', resolve)),
  )
  const socket = ask([])
  socket.resume()
  await gone
  socket.destroy()
})

it('closes a socket when its session ends', async () => {
  const { token, sessionId } = authority.token()
  const [socket, other] = [connect(token), connect(authority.token().token)]
  await Promise.all([welcome(socket), welcome(other)])
  authority.revoke(sessionId)
  expect(await closeCode(socket)).toBe(CLOSE_CODES.ended)
  expect(other.readyState).toBe(WebSocket.OPEN)
})

it('closes a socket when its token expires', async () => {
  const socket = connect(authority.token({ exp: Math.floor(Date.now() / 1000) + 20 }).token)
  await welcome(socket)
  clock.forward(26_000)
  expect(await closeCode(socket)).toBe(CLOSE_CODES.ended)
})

it('closes a socket when nobody can tell any more, where stale decisions are rejected', async () => {
  const lenient = connect(authority.token().token, await serve({}))
  const strict = connect(authority.token().token, await serve({ require: { onStale: 'reject' } }))
  const socket = connect(authority.token().token)
  await Promise.all([welcome(socket), welcome(lenient), welcome(strict)])
  authority.isAway = true
  const codes = Promise.all([closeCode(socket), closeCode(strict)])
  clock.forward(61_000)
  expect(await codes).toEqual([CLOSE_CODES.stale, CLOSE_CODES.stale])
  expect(lenient.readyState).toBe(WebSocket.OPEN)
})

it('takes no message of a session that has ended, also of whoever does not heed the closing', async () => {
  const { token, sessionId } = authority.token()
  const taken: string[] = []
  const opened = once(service.sockets, 'connection') as Promise<[WebSocket]>
  const socket = ask([`authorization: Bearer ${token}`])
  const [served] = await opened
  served.on('message', (message: Buffer) => taken.push(message.toString()))
  const say = (letter: string): boolean => socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, letter.charCodeAt(0)]))
  const heard = once(served, 'message')
  say('A')
  await heard
  const closed = new Promise<void>((resolve) =>
    socket.on('data', (chunk: Buffer) => {
      // The frame of the closing, with its code.
      if (chunk.includes(Buffer.from([0x88, 0x02, CLOSE_CODES.ended >> 8, CLOSE_CODES.ended & 0xff]))) resolve()
    }),
  )
  authority.revoke(sessionId)
  await closed
  say('B')
  const ponged = once(served, 'ping')
  socket.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0]))
  await ponged
  expect(taken).toEqual(['A'])
  socket.destroy()
})
