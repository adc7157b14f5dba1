import { once } from 'node:events'
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { request } from 'node:https'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from '../harness.ts'
import { answerTo, readText } from './ask.ts'
import { DIGESTS, digestOf, writePieces } from './bulk.ts'
import { makeCertificate, replaceKey, type Certificate } from './certificate.ts'
import { GatewayProcess, routeText, type GatewayPlan } from './gateway-process.ts'
import { Issuer } from './issuer.ts'
import { Service } from './service.ts'

const folder = makeFolder()
let first: Certificate
let issuer: Issuer
let service: Service
let gateway: GatewayProcess

function plan(): GatewayPlan {
  const tables = `[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n${routeText('/', [service.url])}`
  return { folder: folder.path, issuer: issuer.url, tables }
}

beforeAll(async () => {
  service = await Service.start((asked, response) => {
    const { url, httpVersion } = asked
    if (url === '/digest') void digestOf(asked).then((digest) => response.end(digest))
    else if (url === '/large') void writePieces(response, 64)
    else response.end(JSON.stringify({ url, httpVersion, proto: asked.headers['x-forwarded-proto'] }))
  })
  issuer = await Issuer.start(folder.path)
  first = makeCertificate(folder.path)
  gateway = await GatewayProcess.start(plan())
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const address = (): string => `https://localhost:${gateway.port}`

function begin(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  return session.request({ ':path': path, authorization: issuer.authorization, ...headers })
}

async function statusOf(stream: ClientHttp2Stream): Promise<number | undefined> {
  const [headers] = (await once(stream, 'response')) as [{ readonly ':status'?: number }]
  return headers[':status']
}

/** The fingerprint of the certificate that a new connection gets. */
async function fingerprint(ca: string): Promise<string> {
  const socket = connectTls({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

test('HTTP/1.1 is spoken over TLS', async () => {
  const headers = { authorization: issuer.authorization }
  const asked = request(`${address()}/one`, { ca: first.certificate, headers, agent: false })
  asked.end()
  const response = await answerTo(asked)
  expect(response.httpVersion).toBe('1.1')
  expect(JSON.parse(await readText(response))).toEqual({ url: '/one', httpVersion: '1.1', proto: 'https' })
})

test('HTTP/2 is spoken, with bodies both ways, and many streams at once', async () => {
  const session = connectHttp2(address(), { ca: first.certificate })
  const one = begin(session, '/one').end()
  expect(await statusOf(one)).toBe(200)
  expect(JSON.parse(String(await one.toArray()))).toEqual({ url: '/one', httpVersion: '1.1', proto: 'https' })
  const up = begin(session, '/digest', { ':method': 'POST' })
  await writePieces(up, 64)
  expect(await statusOf(up)).toBe(200)
  expect(String(await up.toArray())).toBe(DIGESTS[64])
  expect(await digestOf(begin(session, '/large').end())).toBe(DIGESTS[64])
  const many = Array.from({ length: 300 }, (_, at) => begin(session, `/many?${at}`).end())
  expect(new Set(await Promise.all(many.map(statusOf)))).toEqual(new Set([200]))
  for (const each of many) each.close()
  session.close()
})

test('HTTP/2 without a credential is a 401, and after it the session goes on', async () => {
  const session = connectHttp2(address(), { ca: first.certificate })
  const nobody = begin(session, '/one', { authorization: '' }).end()
  expect(await statusOf(nobody)).toBe(401)
  expect(JSON.parse(String(await nobody.toArray()))).toMatchObject({ status: 401 })
  expect(await statusOf(begin(session, '/one').end())).toBe(200)
  session.destroy()
})

test('another certificate counts for new connections once it is read again; those that are there go on', async () => {
  const session = connectHttp2(address(), { ca: first.certificate })
  expect(await statusOf(begin(session, '/one').end())).toBe(200)
  const before = await fingerprint(first.certificate)
  const second = makeCertificate(folder.path)
  expect(await gateway.readAgain()).toContain('was read again')
  expect(await fingerprint(second.certificate)).not.toBe(before)
  await expect(fingerprint(first.certificate)).rejects.toThrow(/self-signed/)
  expect(await statusOf(begin(session, '/one').end())).toBe(200)
  session.destroy()
  first = second
})

test('a key that does not fit the certificate is refused, and the certificate stays as it was', async () => {
  const before = await fingerprint(first.certificate)
  using other = makeFolder()
  const { key } = makeCertificate(other.path)
  const kept = replaceKey(folder.path, key)
  const line = await gateway.readAgain()
  expect(JSON.parse(line)).toMatchObject({ level: 50, msg: 'the configuration stays as it was' })
  expect(line).toMatch(/\btls\b/)
  expect(await fingerprint(first.certificate)).toBe(before)
  replaceKey(folder.path, kept)
})
