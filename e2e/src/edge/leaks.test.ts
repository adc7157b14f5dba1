import { once } from 'node:events'
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { makeFolder, until } from '../harness.ts'
import { Aborting, MOMENTS, repeat } from './aborting.ts'
import { ask } from './ask.ts'
import { makeCertificate } from './certificate.ts'
import { GatewayProcess, routeText } from './gateway-process.ts'
import { Issuer } from './issuer.ts'
import { openSockets, residentBytes } from './process-figures.ts'
import { Service } from './service.ts'

/** Connections of the tests themselves to the listener for operators, and of the verifier to the issuer, come and go. */
const COMING_AND_GOING = 3
/** What 5,000 requests may leave behind at most: 200 bytes for each would be more. */
const MOST_KEPT = 1e6
/** By how much the process may grow with them: V8 gives the young generation more room. */
const MOST_GROWTH = 96e6

const folder = makeFolder()
let issuer: Issuer
let service: Service
let gateway: GatewayProcess
let aborting: Aborting

beforeAll(async () => {
  service = await Service.start((request, response) => aborting.listener(request, response))
  issuer = await Issuer.start(folder.path)
  const tables = routeText('/', [service.url])
  gateway = await GatewayProcess.start({ folder: folder.path, issuer: issuer.url, tables })
  aborting = new Aborting(gateway.port, issuer.authorization)
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** Resolves when nothing is open any more that was not open before. */
async function nothingIsOpen(of: GatewayProcess, socketsBefore: number): Promise<void> {
  const isCalm = async (): Promise<boolean> =>
    (await of.openRequests()) === 0 &&
    service.connections === 0 &&
    openSockets(of.process.pid) <= socketsBefore + COMING_AND_GOING
  await until(async () => ((await isCalm()) ? true : undefined))
}

test('10,000 requests that are broken off, each at another moment, leave no socket and no memory behind', async () => {
  const { pid } = gateway.process
  await repeat(200, 10, () => ask(`${gateway.url}/small`, { headers: { authorization: issuer.authorization } }))
  const socketsBefore = openSockets(pid)
  const breakOff = (times: number): Promise<void> =>
    repeat(times, 50, (at) => aborting.breakOff(MOMENTS[at % MOMENTS.length] ?? 'at once'))
  await breakOff(5000)
  await nothingIsOpen(gateway, socketsBefore)
  const [keptBefore, residentBefore] = [await gateway.liveBytes(), residentBytes(pid)]
  await breakOff(5000)
  await nothingIsOpen(gateway, socketsBefore)
  expect((await gateway.liveBytes()) - keptBefore).toBeLessThan(MOST_KEPT)
  expect(residentBytes(pid) - residentBefore).toBeLessThan(MOST_GROWTH)
  const answered = await ask(`${gateway.url}/small`, { headers: { authorization: issuer.authorization } })
  expect(answered).toMatchObject({ status: 200, text: 'small' })
}, 90_000)

test('a client that does not hang up after the end of its WebSocket does not keep a socket', async () => {
  using sockets = closing(new WebSocketServer({ server: service.server }))
  sockets.it.on('connection', (socket) => socket.on('message', () => socket.terminate()))
  const { pid } = gateway.process
  await nothingIsOpen(gateway, openSockets(pid))
  const before = openSockets(pid)
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
      const key = Buffer.alloc(16, 'k').toString('base64')
      client.write(
        `GET /socket HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${issuer.authorization}\r\nConnection: Upgrade\r\n` +
          `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      )
      const [head] = (await once(client, 'data')) as [Buffer]
      expect(head.toString()).toMatch(/^HTTP\/1\.1 101 /)
      client.resume().write(Buffer.from([0x81, 0x80, 0, 0, 0, 0]))
      await once(client, 'end')
      return client
    }),
  )
  await until(async () => ((await gateway.openRequests()) === 0 ? true : undefined))
  await until(() => Promise.resolve(openSockets(pid) <= before + COMING_AND_GOING ? true : undefined))
  for (const client of clients) client.destroy()
})

test('2,000 HTTP/2 streams that are reset leave none open, nor does an upload that was answered early', async () => {
  const { certificate } = makeCertificate(folder.path)
  const tables = `[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n${routeText('/', [service.url])}`
  await using secure = await GatewayProcess.start({ folder: folder.path, issuer: issuer.url, tables })
  const sockets = openSockets(secure.process.pid)
  // Of one session not so many in a short time are borne.
  await repeat(4, 1, async () => {
    const session = connectHttp2(`https://localhost:${secure.port}`, { ca: certificate })
    await repeat(500, 50, (at) => resetStream(session, MANNERS[at % MANNERS.length] ?? MANNERS[0]))
    await answerEarly(session)
    await until(async () => ((await secure.openRequests()) === 0 ? true : undefined))
    session.destroy()
  })
  await nothingIsOpen(secure, sockets)
})

const MANNERS = [
  { method: 'GET', path: '/down' },
  { method: 'GET', path: '/hang' },
  { method: 'HEAD', path: '/hang' },
  { method: 'POST', path: '/up' },
] as const

async function resetStream(session: ClientHttp2Session, { method, path }: (typeof MANNERS)[number]): Promise<void> {
  const { query, reached } = aborting.mark()
  const { authorization } = issuer
  const headers = { authorization, ':method': method, ':path': path + query }
  const stream = session.request(headers, { endStream: false }).on('error', () => undefined)
  stream.write('x')
  await (path === '/down' ? once(stream, 'data') : reached)
  const closed = once(stream, 'close')
  stream.close(constants.NGHTTP2_CANCEL)
  await closed
}

/** An upload that is answered, and goes no further. */
async function answerEarly(session: ClientHttp2Session): Promise<void> {
  const headers = { authorization: issuer.authorization, ':method': 'POST', ':path': '/small' }
  const upload = session.request(headers).on('error', () => undefined)
  upload.write(Buffer.alloc(1_000_000))
  const [answer] = (await once(upload, 'response')) as [{ readonly ':status'?: number }]
  expect(answer[':status']).toBe(200)
  upload.resume()
}

function closing<Closable extends { close(): void }>(
  it: Closable,
): { readonly it: Closable; [Symbol.dispose](): void } {
  return { it, [Symbol.dispose]: () => it.close() }
}
