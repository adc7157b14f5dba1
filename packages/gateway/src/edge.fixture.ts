import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { connect, createServer as createTcpServer } from 'node:net'
import { createVerifier, type Identity, type Jwk } from '@counterfoil/verifier'
import { onTestFinished } from 'vitest'
import { createGateway, type Gateway } from './gateway.ts'
import type { GatewayOptions, RouteOptions } from './options.ts'

const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://api.example.com'

const KEY = generateKeyPairSync('ed25519')
const { kty = '', ...PUBLIC } = KEY.publicKey.export({ format: 'jwk' })
const JWK: Jwk = { ...PUBLIC, kty, kid: 'test', alg: 'EdDSA', use: 'sig' }

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** An access token of the issuer, with these claims in place of the usual ones. */
export function accessToken(claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const id = (): string => randomBytes(16).toString('base64url')
  const standing = { strategy: 'hybrid', account_generation: 0, client_generation: 0, log_position: 'AAAAAAAA.0' }
  const times = { iat: now, exp: now + 300, auth_time: now }
  const ids = { iss: ISSUER, aud: AUDIENCE, sub: id(), sid: id(), jti: id(), client_id: 'hybrid' }
  const payload = { ...ids, ...times, ...standing, amr: ['pwd'], roles: [], ...claims }
  const input = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: 'test' })}.${encode(payload)}`
  return `${input}.${sign(null, Buffer.from(input), KEY.privateKey).toString('base64url')}`
}

/** A verifier of that issuer, without the feed. */
function testVerifier() {
  return createVerifier({
    issuer: ISSUER,
    audience: [AUDIENCE, 'https://other.example.com'],
    jwks: { keys: () => [JWK] },
    proofs: { origin: 'http://localhost:8080' },
  })
}

/** Who calls, as the verifier would say. */
export function sampleIdentity(more: Partial<Identity> = {}): Identity {
  return {
    accountId: 'account' as Identity['accountId'],
    sessionId: 'session' as Identity['sessionId'],
    applicationId: 'shop' as Identity['applicationId'],
    strategy: 'hybrid',
    roles: ['support'],
    authenticatedAt: 1_000_000,
    expiresAt: 2_000_000_000_000,
    accountGeneration: 3,
    applicationGeneration: 4,
    logPosition: 'AAAAAAAA.7',
    claims: undefined,
    ...more,
  }
}

/** A request as a service got it. */
export interface Arrived {
  readonly method: string
  readonly url: string
  /** Names in lower case and values in turn. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

/** What a service got, when that was all. */
async function readArrived(request: IncomingMessage): Promise<Arrived> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { method = '', url = '', rawHeaders } = request
  const headers = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ''] as const] : [],
  )
  return { method, url, headers, body }
}

/** A service that keeps what it got, and answers as it is told. */
export interface TestService {
  readonly address: string
  readonly arrived: Arrived[]
  readonly server: Server
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Starts a service that is stopped when the test is over. */
export async function startService(answer?: Answer): Promise<TestService> {
  const arrived: Arrived[] = []
  const server = createServer((request, response) => {
    if (answer !== undefined) return answer(request, response)
    void readArrived(request).then(
      (got) => {
        arrived.push(got)
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(got))
      },
      () => undefined,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { address: `http://127.0.0.1:${portOf(server)}`, arrived, server }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A gateway that listens, and is closed when the test is over. */
export interface TestGateway {
  readonly gateway: Gateway
  readonly url: string
  readonly port: number
}

/** Options of a gateway with these routes. */
export function optionsFor(routes: readonly RouteOptions[], more: Partial<GatewayOptions> = {}): GatewayOptions {
  return { verifier: testVerifier(), publicUrl: 'http://localhost:8080', routes, ...more }
}

export async function startGateway(
  routes: readonly RouteOptions[],
  more: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  const gateway = createGateway(optionsFor(routes, more))
  const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => gateway.close({ withinMs: 100 }))
  return { gateway, url, port: Number(new URL(url).port) }
}

/** Sends bytes as they are, and answers everything that comes back until the other side closes, or nothing has come for a while. */
export function sendRaw(port: number, text: string, quietMs = 250): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(got)
    }
    const timer = setTimeout(done, quietMs)
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      timer.refresh()
    })
    socket.on('error', done).on('close', done)
    socket.write(Buffer.from(text, 'latin1'))
  })
}

/** An address where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}
