import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePorts, ServerProcess } from '@counterfoil/testbed'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { makeFolder, until } from '../harness.ts'
import { answerTo, ask, codeIn, open, readText, type Answered, type Question } from './ask.ts'
import { GatewayProcess, routeText } from './gateway-process.ts'
import { Issuer } from './issuer.ts'
import { Service } from './service.ts'

const RESPONSE_MS = 1000
/** Time-outs are kept by a coarse clock, on a busy machine. */
const LATE_MS = 2500
/** What a route that is well may take while another one is not. */
const UNHARMED_MS = 500
/** How many there are to one service at most. */
const CONNECTIONS = 256
const TIMEOUTS = `[timeouts]\nconnect_ms = 500\nresponse_ms = ${RESPONSE_MS}\nidle_ms = 1000`

const folder = makeFolder()
let issuer: Issuer
let fine: Service
let faulty: Service
let garbled: Server
let gateway: GatewayProcess
let victim: ServerProcess
let victimPort: number
let onFaulty: RequestListener = () => undefined
let garbage = ''
const seenByFine: { readonly method: string | undefined; readonly bytes: number; readonly isWhole: boolean }[] = []

async function startVictim(): Promise<void> {
  const args = [join(import.meta.dirname, 'service-process.ts'), String(victimPort), 'victim']
  victim = new ServerProcess({ command: process.execPath, args })
  await victim.ready(() => victim.output.includes('listening'))
}

const call = (path: string, question: Question = {}, body?: string | Buffer): Promise<Answered> =>
  ask(gateway.url + path, { ...question, headers: { authorization: issuer.authorization, ...question.headers } }, body)

/** Calls a route that is well again and again while something goes on with another; the slowest answer. */
async function slowestMeanwhile(going: Promise<unknown>): Promise<number> {
  const over = new AbortController()
  void going.finally(() => over.abort()).catch(() => undefined)
  let slowest = 0
  while (!over.signal.aborted) {
    const { status, ms } = await call('/fine')
    expect(status).toBe(200)
    slowest = Math.max(slowest, ms)
  }
  return slowest
}

beforeAll(async () => {
  const [port = 0, nobody = 0] = await findFreePorts(2)
  victimPort = port
  fine = await Service.start((request, response) => {
    let bytes = 0
    request.on('data', (part: Buffer) => (bytes += part.length)).on('error', () => undefined)
    request.on('close', () => {
      seenByFine.push({ method: request.method, bytes, isWhole: request.complete })
      response.end('{"name":"fine"}')
    })
  })
  faulty = await Service.start((request, response) => onFaulty(request, response))
  garbled = createServer((socket: Socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(garbage, 'latin1'))
  }).listen(0, '127.0.0.1')
  await once(garbled, 'listening')
  const address = garbled.address()
  const garbledPort = typeof address === 'object' && address !== null ? address.port : 0
  await startVictim()
  issuer = await Issuer.start(folder.path)
  const victimUrl = `http://127.0.0.1:${victimPort}`
  const nobodyUrl = `http://127.0.0.1:${nobody}`
  const tables = [
    TIMEOUTS,
    routeText('/fine', [fine.url]),
    routeText('/victim', [victimUrl]),
    routeText('/victim-or-fine', [victimUrl, fine.url]),
    routeText('/nobody', [nobodyUrl]),
    routeText('/nobody-or-fine', [nobodyUrl, fine.url]),
    routeText('/faulty', [faulty.url]),
    routeText('/faulty-or-fine', [faulty.url, fine.url]),
    routeText('/garbled', [`http://127.0.0.1:${garbledPort}`]),
  ].join('\n')
  gateway = await GatewayProcess.start({ folder: folder.path, issuer: issuer.url, tables })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await victim.stop('SIGKILL')
  garbled.close()
  await fine[Symbol.asyncDispose]()
  await faulty[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

describe('a service', () => {
  test('at whose address nobody is gives 502 at once', async () => {
    const answered = await call('/nobody')
    expect(answered.status).toBe(502)
    expect(codeIn(answered)).toBe('upstream_unreachable')
    expect(answered.ms).toBeLessThan(UNHARMED_MS)
  })

  test('that is killed gives 502, and is used again as soon as it is back; other routes are unharmed', async () => {
    expect(await call('/victim')).toMatchObject({ status: 200 })
    await victim.stop('SIGKILL')
    const many = Promise.all(Array.from({ length: 50 }, () => call('/victim')))
    expect(await slowestMeanwhile(many)).toBeLessThan(UNHARMED_MS)
    for (const answered of await many)
      expect([answered.status, codeIn(answered)]).toEqual([502, 'upstream_unreachable'])
    await startVictim()
    expect(await call('/victim')).toMatchObject({ status: 200 })
  })

  test('that is stopped gives 504 when its time is over; other routes are unharmed', async () => {
    victim.signal('SIGSTOP')
    onTestFinished(() => victim.signal('SIGCONT'))
    const many = Promise.all(Array.from({ length: 50 }, () => call('/victim')))
    expect(await slowestMeanwhile(many)).toBeLessThan(UNHARMED_MS)
    for (const answered of await many) {
      expect([answered.status, codeIn(answered)]).toEqual([504, 'upstream_slow'])
      expect(answered.ms).toBeGreaterThan(RESPONSE_MS - 50)
      expect(answered.ms).toBeLessThan(RESPONSE_MS + LATE_MS)
    }
    victim.signal('SIGCONT')
    expect(await call('/victim')).toMatchObject({ status: 200 })
  })

  test('that is stopped lets nobody wait for those before, however many they are', async () => {
    victim.signal('SIGSTOP')
    onTestFinished(() => victim.signal('SIGCONT'))
    const many = await Promise.all(Array.from({ length: 1200 }, () => call('/victim')))
    for (const { status } of many) expect([503, 504]).toContain(status)
    expect(Math.max(...many.map(({ ms }) => ms))).toBeLessThan(RESPONSE_MS + LATE_MS)
  })

  test('lets a body take its time that had to wait for a connection', async () => {
    const held: ServerResponse[] = []
    onFaulty = ({ method }, response) => void (method === 'GET' ? held.push(response) : undefined)
    const waiting = Array.from({ length: CONNECTIONS }, () => call('/faulty'))
    await until(() => Promise.resolve(held.length === CONNECTIONS ? true : undefined))
    onFaulty = (request, response) => void request.resume().on('end', () => response.end('all of it'))
    const upload = open(`${gateway.url}/faulty`, {
      method: 'POST',
      headers: { authorization: issuer.authorization },
    })
    const answered = answerTo(upload).then(readText)
    upload.write('x')
    for (const response of held) response.end()
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(200)
    // Longer than one may wait for a connection and an answer.
    const enoughAt = performance.now() + 3 * RESPONSE_MS
    while (performance.now() < enoughAt) {
      upload.write('x')
      await sleep(50)
    }
    upload.end()
    expect(await answered).toBe('all of it')
  })

  test('that is slow, but in time, gives its answer', async () => {
    onFaulty = (_, response) => void setTimeout(() => response.end('late'), RESPONSE_MS / 2)
    const slow = call('/faulty')
    expect(await slowestMeanwhile(slow)).toBeLessThan(UNHARMED_MS)
    expect(await slow).toMatchObject({ status: 200, text: 'late' })
  })

  test('that begins to answer and says no more is broken off, and the client sees that it is not whole', async () => {
    onFaulty = (_, response) => response.writeHead(200, { 'content-length': 100 }).write('half')
    await expect(call('/faulty')).rejects.toThrow(/aborted|ECONNRESET/)
  })

  test.each([
    { form: 'with a length', headers: { 'content-length': '100' } },
    { form: 'in chunks', headers: {} },
  ])('that breaks off in a body $form does so for the client too', async ({ headers }) => {
    onFaulty = (_, response) => {
      response.writeHead(200, headers)
      response.write('half', () => response.destroy())
    }
    await expect(call('/faulty')).rejects.toThrow(/aborted|ECONNRESET/)
  })

  test.each([
    { what: 'that is no HTTP', text: 'HELLO\r\n\r\n' },
    { what: 'of another protocol', text: 'SSH-2.0-OpenSSH_9.2p1\r\n' },
    { what: 'without a status', text: 'HTTP/1.1 abc\r\n\r\n' },
    { what: 'with two lengths', text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok' },
    {
      what: 'with a length and in chunks',
      text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    },
    { what: 'with a folded line', text: 'HTTP/1.1 200 OK\r\nX-One: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok' },
    { what: 'with NUL in a header', text: 'HTTP/1.1 200 OK\r\nX-One: \0\r\nContent-Length: 2\r\n\r\nok' },
    { what: 'with a blank in a name', text: 'HTTP/1.1 200 OK\r\nX One: 1\r\nContent-Length: 2\r\n\r\nok' },
    { what: 'that switches protocols unasked', text: 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n' },
    { what: 'with headers beyond measure', text: `HTTP/1.1 200 OK\r\nX-One: ${'x'.repeat(200_000)}\r\n\r\n` },
    { what: 'that ends in its headers', text: 'HTTP/1.1 200 OK\r\nContent-' },
    { what: 'that is empty', text: '' },
  ])('with an answer $what gives 502', async ({ text }) => {
    garbage = text
    const answered = await call('/garbled', { method: 'POST' }, 'x')
    expect([answered.status, codeIn(answered)]).toEqual([502, 'upstream_broken'])
    expect(await call('/fine')).toMatchObject({ status: 200 })
  })
})

describe('of two services', () => {
  // What went wrong before is forgotten with the first answer.
  beforeEach(async () => {
    onFaulty = (_, response) => void response.end('well')
    for (const path of ['/faulty', '/victim'])
      await until(async () => ((await call(path)).status === 200 ? true : undefined))
  })

  test('the second answers each GET while the first refuses', async () => {
    for (let at = 0; at < 10; at++) expect(await call('/nobody-or-fine')).toMatchObject({ status: 200 })
  })

  test.each([
    { form: 'with a length', headers: {} },
    { form: 'in chunks', headers: { 'transfer-encoding': 'chunked' } },
  ])('the second gets the whole body $form that the first could not take', async ({ headers }) => {
    seenByFine.length = 0
    const body = Buffer.alloc(300_000, 'x')
    for (let at = 0; at < 10; at++) {
      const answered = await call('/nobody-or-fine', { method: 'POST', headers }, body)
      expect(answered).toMatchObject({ status: 200 })
    }
    expect(seenByFine).toEqual(Array.from({ length: 10 }, () => ({ method: 'POST', bytes: 300_000, isWhole: true })))
  })

  test.each([
    { method: 'POST', what: 'a body', body: 'pay' },
    { method: 'POST', what: 'nothing', body: undefined },
    { method: 'PATCH', what: 'nothing', body: undefined },
    { method: 'PUT', what: 'a body', body: 'pay' },
  ])('none gets a $method with $what that the other one may have acted on', async ({ method, body }) => {
    seenByFine.length = 0
    let seen = 0
    onFaulty = (request) => void request.resume().on('end', () => (seen++, request.socket.destroy()))
    const statuses = new Set<number>()
    for (let at = 0; at < 2; at++) statuses.add((await call('/faulty-or-fine', { method }, body)).status)
    expect(statuses).toEqual(new Set([200, 502]))
    expect(seen).toBe(1)
    expect(seenByFine).toHaveLength(1)
  })

  test('one that hangs up on a GET has it sent again, and not for ever', async () => {
    let seen = 0
    onFaulty = (request) => {
      seen++
      request.socket.destroy()
    }
    const answered = await call('/faulty')
    expect([answered.status, codeIn(answered)]).toEqual([502, 'upstream_broken'])
    expect(seen).toBeGreaterThan(1)
    expect(seen).toBeLessThanOrEqual(3)
  })

  test('a dead one is left alone after three failures, and used again when it is back', async () => {
    const retries = async (): Promise<number> => {
      const text = await (await fetch(`${gateway.operations}/metrics`)).text()
      const line = text.split('\n').find((each) => each.startsWith('counterfoil_gateway_upstream_retries_total'))
      return line === undefined ? 0 : Number(line.split(' ').at(-1))
    }
    const named = async (): Promise<unknown> => {
      const { status, text } = await call('/victim-or-fine')
      expect(status).toBe(200)
      return (JSON.parse(text) as { readonly name?: unknown }).name
    }
    expect(new Set([await named(), await named()])).toEqual(new Set(['victim', 'fine']))
    await victim.stop('SIGKILL')
    const before = await retries()
    for (let at = 0; at < 30; at++) expect(await named()).toBe('fine')
    expect((await retries()) - before).toBe(3)
    await startVictim()
    await until(async () => ((await named()) === 'victim' ? true : undefined))
    expect((await retries()) - before).toBe(3)
  })
})
