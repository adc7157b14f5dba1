import { once } from 'node:events'
import { ROUTES, SESSION_COOKIE } from '@counterfoil/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws'
import { send, type Held } from '../client.ts'
import { makeFolder, until } from '../harness.ts'
import { answerTo, ask, open } from './ask.ts'
import { settled } from './bulk.ts'
import { GatewayProcess, routeText } from './gateway-process.ts'
import { Issuer } from './issuer.ts'
import { Service } from './service.ts'

const folder = makeFolder()
const clients = new Set<WebSocket>()
let issuer: Issuer
let service: Service
let sockets: WebSocketServer
let gateway: GatewayProcess
/** What the service has got, in bytes and in messages, and who it takes the caller for. */
let got = { bytes: 0, messages: 0 }
let seenHeaders: Readonly<Record<string, unknown>> = {}
let eventsSent = 0

beforeAll(async () => {
  service = await Service.start((request, response) => {
    if (request.url !== '/events') return void response.writeHead(404).end('no such thing')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const timer = setInterval(() => response.write(`data: ${eventsSent++}\n\n`), 20)
    response.on('close', () => clearInterval(timer))
  })
  sockets = new WebSocketServer({
    server: service.server,
    maxPayload: 32 << 20,
    handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
    verifyClient: ({ req }, answer) => answer(req.url !== '/refused', 418, 'no socket here'),
  })
  sockets.on('connection', (socket, request) => {
    seenHeaders = request.headers
    socket.on('message', (data: Buffer, isBinary) => {
      got = { bytes: got.bytes + data.length, messages: got.messages + 1 }
      if (data.toString('latin1', 0, 5) === 'close') socket.close(4000, 'as you wish')
      else socket.send(data, { binary: isBinary })
    })
  })
  issuer = await Issuer.start(folder.path)
  const tables = [
    routeText('/', [service.url]),
    routeText('/public', [service.url], 'access = "public"'),
    routeText('/nobody', ['http://127.0.0.1:9']),
  ].join('\n')
  gateway = await GatewayProcess.start({ folder: folder.path, issuer: issuer.url, tables })
})

afterEach(() => {
  for (const client of clients) client.terminate()
  clients.clear()
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  sockets.close()
  await service[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const byBearer = ({ bearer }: Held) => ({ authorization: `Bearer ${bearer}` })
const byCookie = ({ bearer }: Held) => ({ cookie: `${SESSION_COOKIE}=${bearer}` })

function openSocket(headers: Readonly<Record<string, string>>, path = '/', options: ClientOptions = {}): WebSocket {
  const client = new WebSocket(`ws://localhost:${gateway.port}${path}`, ['chat'], { headers, ...options })
  clients.add(client)
  client.on('error', () => undefined)
  return client
}

async function opened(...args: Parameters<typeof openSocket>): Promise<WebSocket> {
  const client = openSocket(...args)
  await once(client, 'open')
  return client
}

/** The status with which a socket was not opened. */
async function refusal(...args: Parameters<typeof openSocket>): Promise<number | undefined> {
  const client = openSocket(...args)
  const [, { statusCode }] = (await once(client, 'unexpected-response')) as [unknown, { statusCode?: number }]
  return statusCode
}

async function heard(client: WebSocket): Promise<{ readonly data: Buffer; readonly isBinary: boolean }> {
  const [data, isBinary] = (await once(client, 'message')) as [Buffer, boolean]
  return { data, isBinary }
}

/** Signs out; resolves when every verifier has confirmed it. */
async function signOut({ bearer }: Held): Promise<void> {
  const ended = await send(issuer.url, `${ROUTES.currentSession}?wait=everywhere`, { method: 'DELETE', bearer })
  expect(ended.status).toBe(200)
}

describe('a WebSocket', () => {
  test('passes texts and bytes both ways, in order, of any size', async () => {
    const client = await opened(byBearer(issuer.held))
    expect(client.protocol).toBe('chat')
    const messages = [0, 1, 125, 126, 65_535, 65_536, 8 << 20].map((length) => Buffer.alloc(length, 'x'))
    for (const message of messages) {
      for (const isBinary of [true, false]) {
        client.send(message, { binary: isBinary })
        const back = await heard(client)
        expect(back.isBinary).toBe(isBinary)
        expect(back.data.equals(message)).toBe(true)
      }
    }
    const numbers: string[] = []
    client.on('message', (data: Buffer) => numbers.push(data.toString()))
    for (let at = 0; at < 1000; at++) client.send(String(at))
    await until(() => Promise.resolve(numbers.length === 1000 ? true : undefined))
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, at) => String(at)))
  })

  test('passes pings, and the code with which the service closes', async () => {
    const client = await opened(byBearer(issuer.held))
    client.ping('are you there?')
    expect(String((await once(client, 'pong'))[0])).toBe('are you there?')
    client.send('close')
    const [code, reason] = (await once(client, 'close')) as [number, Buffer]
    expect([code, reason.toString()]).toEqual([4000, 'as you wish'])
  })

  test('tells the service who calls, and not with what', async () => {
    const cookie = await issuer.signIn('stateful')
    await opened({ ...byCookie(cookie), 'x-account-id': 'mallory', 'x-roles': 'admin' })
    expect(seenHeaders).toMatchObject({ 'x-session-id': cookie.sessionId, 'x-roles': '' })
    expect(seenHeaders['x-account-id']).not.toContain('mallory')
    expect(JSON.stringify(seenHeaders)).not.toContain(cookie.bearer)
  })

  test('is refused with 401 without a credential, and the service hears nothing of it', async () => {
    seenHeaders = {}
    expect(await refusal({})).toBe(401)
    expect(await refusal({ authorization: 'Bearer made.up.token' })).toBe(401)
    expect(seenHeaders).toEqual({})
  })

  test('with a session cookie is refused with 403 to a page of another origin', async () => {
    const cookie = byCookie(await issuer.signIn('stateful'))
    const own = `http://localhost:${gateway.port}`
    seenHeaders = {}
    expect(await refusal({ ...cookie, origin: 'https://evil.example' })).toBe(403)
    expect(await refusal({ ...cookie, origin: 'null' })).toBe(403)
    expect(await refusal({ ...cookie, origin: own.replace('localhost', 'localhost.evil.example') })).toBe(403)
    expect(seenHeaders).toEqual({})
    await opened({ ...cookie, origin: own })
    await opened(cookie)
  })

  test('is refused as the service refuses it, and with 502 where there is none', async () => {
    expect(await refusal(byBearer(issuer.held), '/refused')).toBe(418)
    expect(await refusal(byBearer(issuer.held), '/nobody')).toBe(502)
  })

  test('is all that a connection can become: other upgrades are left aside, and the request is served', async () => {
    const headers = { ...byBearer(issuer.held), connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABk' }
    const answered = await ask(`${gateway.url}/plain`, { headers: { ...headers, upgrade: 'h2c' } })
    expect(answered).toMatchObject({ status: 404, text: 'no such thing' })
  })

  test('of a public route is open to everybody', async () => {
    const client = await opened({}, '/public')
    client.send('hello')
    expect((await heard(client)).data.toString()).toBe('hello')
  })
})

describe('the end of a session', () => {
  const sessions = [
    { carrier: 'bearer', strategy: 'hybrid', by: byBearer },
    { carrier: 'cookie', strategy: 'stateful', by: byCookie },
  ] as const

  test.each(sessions)('closes its sockets (by $carrier) with 4401, and those of others stay', async (given) => {
    const held = await issuer.signIn(given.strategy)
    const [mine, other] = [await opened(given.by(held)), await opened(byBearer(issuer.held))]
    const closed = once(mine, 'close')
    await signOut(held)
    expect((await closed)[0]).toBe(4401)
    other.send('still here')
    expect((await heard(other)).data.toString()).toBe('still here')
    expect(await refusal(given.by(held))).toBe(401)
  })

  test.each(sessions)('closes sockets (by $carrier) on which much is under way, and no more arrives', async (given) => {
    for (let round = 0; round < 5; round++) {
      const held = await issuer.signIn(given.strategy)
      const client = await opened(given.by(held))
      got = { bytes: 0, messages: 0 }
      let goesOn = true
      const sendMore = (): void => {
        if (goesOn && client.readyState === WebSocket.OPEN)
          client.send(Buffer.alloc(20_000), () => setImmediate(sendMore))
      }
      for (let lane = 0; lane < 10; lane++) sendMore()
      await until(() => Promise.resolve(got.messages > 100 ? true : undefined))
      const closed = once(client, 'close')
      await signOut(held)
      const [code] = (await closed) as [number]
      goesOn = false
      const atTheEnd = await settled(() => got.messages)
      expect(code).toBe(4401)
      expect(await settled(() => got.messages)).toBe(atTheEnd)
      await until(async () => ((await gateway.openRequests()) === 0 ? true : undefined))
      expect(sockets.clients.size).toBe(0)
    }
  })

  test.each(sessions)('breaks off its events (by $carrier)', async (given) => {
    const held = await issuer.signIn(given.strategy)
    const asked = open(`${gateway.url}/events`, { headers: given.by(held) })
    asked.end()
    const response = await answerTo(asked)
    await once(response, 'data')
    const broken = once(response, 'error')
    response.resume()
    await signOut(held)
    expect(String((await broken)[0])).toContain('aborted')
    const { status } = await ask(`${gateway.url}/events`, { headers: given.by(held) })
    expect(status).toBe(401)
    const sent = await settled(() => eventsSent)
    expect(await settled(() => eventsSent)).toBe(sent)
  })
})
