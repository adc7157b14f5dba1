import { once } from 'node:events'
import { Agent, createServer as createHttpServer, request } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openServer, present, signIn, VERIFIER, type TestServer } from './server.fixture.ts'

const open: TestServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const { server } of open.splice(0)) await server.close({ withinMs: 100 })
})

interface Listening extends TestServer {
  readonly port: number
}

async function listen(): Promise<Listening> {
  const test = await openServer()
  open.push(test)
  const url = await test.server.listen({ host: '127.0.0.1', port: 0 })
  return { ...test, port: Number(new URL(url).port) }
}

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  return socket
}

/** What comes back until the other side closes. */
async function exchange(port: number, sent: string): Promise<string> {
  const socket = dial(port)
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
  socket.write(sent)
  await once(socket, 'close')
  return received
}

/** One answer on a connection that stays open. */
async function answerOn(socket: Socket, sent: string): Promise<string> {
  socket.write(sent)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return chunk.toString()
}

const get = (path: string, more: readonly string[] = []): string =>
  [`GET ${path} HTTP/1.1`, 'host: localhost', ...more, '', ''].join('\r\n')

describe('on a real connection', () => {
  it('two Authorization headers are refused, although Node shows only one', async () => {
    const test = await listen()
    const token = present((await signIn(test, 'stateful')).token)
    const twice = [`authorization: Bearer ${token}`, `Authorization: Bearer ${token}`, 'connection: close']
    expect(await exchange(test.port, get('/sessions/current', twice))).toContain('ambiguous_credentials')
    const single = [`authorization: Bearer ${token}`, 'connection: close']
    expect(await exchange(test.port, get('/sessions/current', single))).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('two Cookie headers with one name are refused', async () => {
    const { port } = await listen()
    const twice = ['cookie: __Host-session=a', 'cookie: __Host-session=b', 'connection: close']
    expect(await exchange(port, get('/sessions/current', twice))).toContain('ambiguous_credentials')
  })

  it.each([
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET / HTTP/1.1\r\nbad header: x\r\n\r\n',
  ])('what is no HTTP is answered with 400: %j', async (sent) => {
    const { port } = await listen()
    const received = await exchange(port, sent)
    expect(received).toMatch(/^HTTP\/1\.1 400 /)
    expect(received).toContain('application/problem+json')
    expect(received).toContain('"code":"invalid_request"')
  })

  it('headers that are too large are answered with 431', async () => {
    const { port } = await listen()
    const received = await exchange(port, get('/healthz', [`x: ${'x'.repeat(20_000)}`]))
    expect(received).toMatch(/^HTTP\/1\.1 431 /)
    expect(received).toContain('"code":"headers_too_large"')
  })

  it('a body that is too large is refused before it is sent', async () => {
    const { port } = await listen()
    const head = [
      'POST /accounts HTTP/1.1',
      'host: x',
      'content-type: application/json',
      'content-length: 1000000000',
      '',
      '{',
    ]
    const received = await exchange(port, head.join('\r\n'))
    expect(received).toMatch(/^HTTP\/1\.1 413 /)
    expect(received).toContain('"code":"body_too_large"')
  })

  it('a chunked body is refused as soon as it is too large', async () => {
    const { port } = await listen()
    const head = [
      'POST /accounts HTTP/1.1',
      'host: x',
      'content-type: application/json',
      'transfer-encoding: chunked',
      '',
      '',
    ]
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
    expect(await exchange(port, head.join('\r\n') + chunk.repeat(3))).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('a body that does not come in full leaves the server well', async () => {
    const { port } = await listen()
    const socket = dial(port)
    socket.write(
      'POST /accounts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a"',
    )
    await new Promise<void>((resolve) => socket.end(() => resolve()))
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  })

  it('the handler serves under a path of any Node server', async () => {
    const test = await openServer({ issuer: 'https://example.com/auth' })
    open.push(test)
    const host = createHttpServer(test.server.handler).listen(0, '127.0.0.1')
    await once(host, 'listening')
    const { port } = host.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/auth/healthz`)
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'alive' }])
    host.close()
  })
})

/** The status of one answer, or why there was none. */
function statusOf(agent: Agent, port: number): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    request({ agent, port, path: '/healthz' }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      .end()
  })
}

/** Holds the answer of `/readyz` back until it is released. */
function holdReadyz({ stores }: TestServer): { readonly asked: Promise<void>; release(): void } {
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const asked = new Promise<void>((resolve) => {
    stores.database.check = () => {
      resolve()
      return held
    }
  })
  return { asked, release: () => release() }
}

describe('draining', () => {
  it('tells balancers to stay away, serves on, also new connections, and closes each after its answer', async () => {
    const test = await listen()
    const kept = dial(test.port)
    expect(await answerOn(kept, get('/readyz'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: keep-alive/i)
    test.server.drain()
    const closed = once(kept, 'close')
    const last = await answerOn(kept, get('/healthz'))
    expect(last).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close/i)
    await closed
    expect(await exchange(test.port, get('/readyz'))).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"draining"/)
    const token = present((await signIn(test, 'stateful')).token)
    const answer = await exchange(test.port, get('/sessions/current', [`authorization: Bearer ${token}`]))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('fails no request of clients that connect anew when a connection is closed after an answer', async () => {
    const test = await listen()
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    const statuses: (number | string | undefined)[] = []
    const over = new AbortController()
    const ask = async (): Promise<void> => {
      while (!over.signal.aborted) statuses.push(await statusOf(agent, test.port))
    }
    const asking = Array.from({ length: 8 }, ask)
    const more = (): Promise<void> => {
      const before = statuses.length
      return vi.waitFor(() => expect(statuses.length).toBeGreaterThan(before + 100), 10_000)
    }
    await more()
    test.server.drain()
    await more()
    over.abort()
    await Promise.all(asking)
    agent.destroy()
    expect(new Set(statuses)).toEqual(new Set([200]))
  })
})

describe('closing', () => {
  it('ends the push channels with the word to connect again', async () => {
    const test = await listen()
    const stream = dial(test.port)
    const key = `authorization: Bearer ${VERIFIER.key}`
    const { incarnation, position } = await test.stores.log.head()
    const path = `/revocations/stream?incarnation=${incarnation}&after=${position}`
    const head = await answerOn(stream, get(path, [key]))
    expect(head).toMatch(/^HTTP\/1\.1 200 /)
    let rest = ''
    stream.on('data', (chunk: Buffer) => (rest += chunk.toString()))
    const closed = once(stream, 'close')
    await test.server.close()
    await closed
    expect(rest).toContain('retry: 100\n\n')
  })

  it('answers what is in flight, tells balancers to stay away, closes connections and takes no new ones', async () => {
    const test = await listen()
    const readyz = holdReadyz(test)
    const [inFlight, idle] = [dial(test.port), dial(test.port)]
    let received = ''
    inFlight.on('data', (chunk: Buffer) => (received += chunk.toString()))
    await answerOn(idle, get('/healthz'))
    inFlight.write(get('/readyz'))
    await readyz.asked
    const [idleClosed, inFlightClosed] = [once(idle, 'close'), once(inFlight, 'close')]
    const closed = test.server.close()
    await idleClosed
    const [error] = (await once(dial(test.port), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    inFlight.write(get('/readyz'))
    readyz.release()
    await Promise.all([closed, inFlightClosed])
    expect(received).toMatch(/^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 503 /)
    expect(received).toContain('"code":"draining"')
  })

  it('cuts what is still open after the time that it was given', async () => {
    const test = await listen()
    const readyz = holdReadyz(test)
    const stuck = dial(test.port)
    stuck.write(get('/readyz'))
    await readyz.asked
    const cut = once(stuck, 'close')
    await test.server.close({ withinMs: 50 })
    await cut
  })
})
