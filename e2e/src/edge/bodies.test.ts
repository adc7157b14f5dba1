import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFolder, until } from '../harness.ts'
import { repeat } from './aborting.ts'
import { answerTo, ask, codeIn, open, readText } from './ask.ts'
import { DIGESTS, digestOf, PIECE_BYTES, settled, writePieces } from './bulk.ts'
import { GatewayProcess, routeText } from './gateway-process.ts'
import { Issuer } from './issuer.ts'
import { forgetPeak, peakBytes, residentBytes } from './process-figures.ts'
import { Service } from './service.ts'

const MOST_GROWTH = 64e6
/** Sockets on the way hold of a body that nobody reads what the system lets them; both ends and the gateway itself, a little more. */
const MOST_UNDER_WAY = 2 * (mostBuffered('tcp_rmem') + mostBuffered('tcp_wmem')) + 16 * PIECE_BYTES
/** A body of which that is only a part. */
const LONG = 256
const LIMIT = 100_000

/** The size up to which the system lets the buffer of a socket grow. */
function mostBuffered(direction: 'tcp_rmem' | 'tcp_wmem'): number {
  return Number(readFileSync(`/proc/sys/net/ipv4/${direction}`, 'utf8').trim().split(/\s+/)[2])
}

const folder = makeFolder()
const handlers = new Map<string, RequestListener>()
let issuer: Issuer
let service: Service
let gateway: GatewayProcess
let limited: GatewayProcess
/** What the gateway has when only small requests have come. */
let warmBytes: number

/** What a service does with requests for a path; the path at the gateway. */
function serve(path: string, handler: RequestListener): string {
  handlers.set(path, handler)
  return gateway.url + path
}

const signedIn = (headers: Readonly<Record<string, string | number>> = {}) => ({
  authorization: issuer.authorization,
  ...headers,
})

async function answerDigest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.end(await digestOf(request))
}

beforeAll(async () => {
  service = await Service.start((request, response) => handlers.get(request.url ?? '')?.(request, response))
  issuer = await Issuer.start(folder.path)
  const tables = routeText('/', [service.url])
  const plan = { folder: folder.path, issuer: issuer.url, tables }
  gateway = await GatewayProcess.start(plan)
  limited = await GatewayProcess.start({ ...plan, tables: `[limits]\nbody_bytes = ${LIMIT}\n${tables}` })
  const small = serve('/small', (_, response) => response.end('small'))
  // Until the heap has the size with which it works.
  await repeat(3000, 20, () => ask(small, { headers: signedIn() }))
  warmBytes = residentBytes(gateway.process.pid)
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await limited[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

describe('a large body', () => {
  const sizes = [
    { pieces: 1024, form: 'with a length' },
    { pieces: 256, form: 'in chunks' },
  ] as const
  const lengthHeader = (pieces: number, form: string): Record<string, number> =>
    form === 'in chunks' ? {} : { 'content-length': pieces * PIECE_BYTES }

  test.each(sizes)('of $pieces MiB goes up $form, and the gateway holds little of it', async ({ pieces, form }) => {
    const url = serve('/up', (request, response) => void answerDigest(request, response))
    forgetPeak(gateway.process.pid)
    const asked = open(url, { method: 'POST', headers: signedIn(lengthHeader(pieces, form)) })
    const [response] = await Promise.all([answerTo(asked), writePieces(asked, pieces)])
    expect(await readText(response)).toBe(DIGESTS[pieces])
    expect(peakBytes(gateway.process.pid) - warmBytes).toBeLessThan(MOST_GROWTH)
  })

  test.each(sizes)('of $pieces MiB comes down $form, and the gateway holds little of it', async ({ pieces, form }) => {
    const url = serve('/down', (_, response) => {
      response.writeHead(200, lengthHeader(pieces, form))
      void writePieces(response, pieces)
    })
    forgetPeak(gateway.process.pid)
    const asked = open(url, { headers: signedIn() })
    asked.end()
    expect(await digestOf(await answerTo(asked))).toBe(DIGESTS[pieces])
    expect(peakBytes(gateway.process.pid) - warmBytes).toBeLessThan(MOST_GROWTH)
  })
})

describe('back-pressure', () => {
  test('a client that does not read holds the service back, and gets all of it once it reads', async () => {
    let written = 0
    const url = serve('/down', (_, response) => void writePieces(response, LONG, (bytes) => (written = bytes)))
    const asked = open(url, { headers: signedIn() })
    asked.end()
    const response = await answerTo(asked)
    expect(await settled(() => written)).toBeLessThan(MOST_UNDER_WAY)
    expect(await digestOf(response)).toBe(DIGESTS[LONG])
  })

  test('a service that does not read holds the client back, and gets all of it once it reads', async () => {
    const { promise: mayRead, resolve: letRead } = Promise.withResolvers<void>()
    const url = serve('/up', (request, response) => void mayRead.then(() => answerDigest(request, response)))
    let written = 0
    const asked = open(url, { method: 'POST', headers: signedIn() })
    const writing = writePieces(asked, LONG, (bytes) => (written = bytes))
    expect(await settled(() => written)).toBeLessThan(MOST_UNDER_WAY)
    letRead()
    const [response] = await Promise.all([answerTo(asked), writing])
    expect(await readText(response)).toBe(DIGESTS[LONG])
  })

  test('a client that asks first whether it may send is told so, and the service gets its body', async () => {
    const url = serve('/up', (request, response) => void answerDigest(request, response))
    const asked = open(url, { method: 'POST', headers: signedIn({ expect: '100-continue' }) })
    asked.flushHeaders()
    await once(asked, 'continue')
    const [response] = await Promise.all([answerTo(asked), writePieces(asked, 1)])
    expect(await readText(response)).toBe(DIGESTS[1])
  })

  test('the headers of an answer do not wait for its body', async () => {
    const { promise: mayGoOn, resolve: letGoOn } = Promise.withResolvers<void>()
    const url = serve('/later', (_, response) => {
      response.writeHead(200, { 'x-early': 'yes' }).flushHeaders()
      void mayGoOn.then(() => response.end('at last'))
    })
    const asked = open(url, { headers: signedIn() })
    asked.end()
    const response = await answerTo(asked)
    expect(response.headers['x-early']).toBe('yes')
    letGoOn()
    expect(await readText(response)).toBe('at last')
  })

  test('each piece arrives before the next one is sent, both ways', async () => {
    const url = serve('/echo', (request, response) => {
      response.writeHead(200)
      request.pipe(response)
    })
    const asked = open(url, { method: 'POST', headers: signedIn() })
    asked.write('0;')
    const response = await answerTo(asked)
    response.setEncoding('utf8')
    let heard = ''
    response.on('data', (part: string) => (heard += part))
    for (let at = 0; at < 50; at++) {
      while (!heard.endsWith(`${at};`)) await once(response, 'data')
      if (at < 49) asked.write(`${at + 1};`)
    }
    asked.end()
    await once(response, 'end')
    expect(heard).toBe(Array.from({ length: 50 }, (_, at) => `${at};`).join(''))
  })
})

describe('a service that answers while the client still sends', () => {
  /** Asks with a body that does not end before there is an answer, and leaves. */
  async function askLargely(url: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
    const agent = new Agent({ keepAlive: true })
    const asked = open(url, { method: 'POST', headers: signedIn({ 'content-length': 1024 * PIECE_BYTES }), agent })
    const left = new Promise((resolve) => asked.once('close', resolve))
    const writing = writePieces(asked, 1024).catch(() => undefined)
    const response = await answerTo(asked)
    const text = await readText(response)
    expect(asked.writableFinished).toBe(false)
    asked.destroy()
    await Promise.race([writing, left])
    return { status: response.statusCode, text }
  }

  test('and takes the rest: the client gets that answer', async () => {
    const url = serve('/early', (_, response) => response.writeHead(413).end('less, please'))
    for (let at = 0; at < 20; at++) expect(await askLargely(url)).toEqual({ status: 413, text: 'less, please' })
    await until(async () => ((await gateway.openRequests()) === 0 ? true : undefined))
  })

  // Where the connection breaks while the gateway writes to it, the answer may be lost with it: the client must not wait then, nor take it for done.
  test('and hangs up: the client gets that answer, or 502', async () => {
    const url = serve('/early', (_, response) => response.writeHead(413, { connection: 'close' }).end('less, please'))
    for (let at = 0; at < 20; at++) expect([413, 502]).toContain((await askLargely(url)).status)
    await until(async () => ((await gateway.openRequests()) === 0 ? true : undefined))
  })

  test.each([
    { what: 'of the service', at: () => gateway, head: 'Content-Length: 8388608' },
    { what: 'of the gateway, for what is announced', at: () => limited, head: 'Content-Length: 8388608' },
    { what: 'of the gateway, for what came in chunks', at: () => limited, head: 'Transfer-Encoding: chunked' },
  ])('after an early answer $what the connection is closed or serves the next request', async ({ at, head }) => {
    serve('/early', (request, response) => {
      request.once('error', () => undefined)
      if (at() === gateway) response.writeHead(413).end('less, please')
      else request.resume()
    })
    const line = `HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${issuer.authorization}\r\n`
    const socket = connect(at().port, '127.0.0.1')
    let heard = ''
    let isClosed = false
    socket.setEncoding('latin1').on('data', (part: string) => (heard += part))
    socket.on('error', () => undefined).on('close', () => (isClosed = true))
    const isChunked = head.startsWith('Transfer')
    const piece = 'x'.repeat(PIECE_BYTES)
    const sendPiece = (): unknown => socket.write(isChunked ? `${PIECE_BYTES.toString(16)}\r\n${piece}\r\n` : piece)
    socket.write(`POST /early ${line}${head}\r\n\r\n`)
    sendPiece()
    await until(() => Promise.resolve(heard.startsWith('HTTP/1.1 413') ? true : undefined))
    for (let rest = 0; rest < 7; rest++) sendPiece()
    socket.write(`${isChunked ? '0\r\n\r\n' : ''}GET /small ${line}\r\n`)
    const isServed = (): boolean => heard.includes('\r\n\r\nsmall') || heard.includes('HTTP/1.1 200')
    await until(() => Promise.resolve(isClosed || isServed() ? true : undefined))
    socket.destroy()
  })
})

describe('a limit for bodies', () => {
  const body = (bytes: number): Buffer => Buffer.alloc(bytes, 'x')
  const ways: readonly { readonly form: string; readonly headers: Record<string, string> }[] = [
    { form: 'with a length', headers: {} },
    { form: 'in chunks', headers: { 'transfer-encoding': 'chunked' } },
  ]

  test.each(ways)('lets through what is not larger, $form', async ({ headers }) => {
    serve('/count', (request, response) => void digestOf(request).then(() => response.end('whole')))
    const answered = await ask(`${limited.url}/count`, { method: 'POST', headers: signedIn(headers) }, body(LIMIT))
    expect(answered).toMatchObject({ status: 200, text: 'whole' })
  })

  test('refuses what is announced as larger with 413, and the service sees nothing of it', async () => {
    let seen = 0
    serve('/count', (_, response) => response.end(String(seen++)))
    const answered = await ask(`${limited.url}/count`, { method: 'POST', headers: signedIn() }, body(LIMIT + 1))
    expect(answered.status).toBe(413)
    expect(codeIn(answered)).toBe('body_too_large')
    expect(seen).toBe(0)
  })

  test('breaks off what turns out to be larger with 413, and the service does not take it for whole', async () => {
    const { promise: over, resolve } = Promise.withResolvers<boolean>()
    serve('/count', (request) => {
      request.resume().on('error', () => undefined)
      request.on('close', () => resolve(request.complete))
    })
    const headers = signedIn({ 'transfer-encoding': 'chunked' })
    const asked = open(`${limited.url}/count`, { method: 'POST', headers })
    asked.write(body(LIMIT))
    asked.write('x')
    const response = await answerTo(asked)
    expect(response.statusCode).toBe(413)
    expect(JSON.parse(await readText(response))).toMatchObject({ code: 'body_too_large' })
    expect(await over).toBe(false)
    asked.destroy()
  })
})
