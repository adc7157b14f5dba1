import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { freePort, QUICK, startServer, type RunningServer } from '../harness.ts'

/** What a service got. */
export interface Arrived {
  readonly method: string
  readonly url: string
  /** Names in lower case and values. */
  readonly headers: readonly (readonly [string, string])[]
  readonly size: number
  readonly sha256: string
}

/** A service that tells what it got, and streams where it is asked to. */
export interface Service {
  readonly port: number
  readonly arrived: Arrived[]
  close(): void
}

/** Who may hold leases and ask: the key of the verifier of our own gateway. */
export const VERIFIER_KEY = 'a-key-of-the-conformance-suite-of-gateways'
/** A service that tokens are for besides the issuer. */
const AUDIENCE = 'https://api.example.com'
export const LEASE_SECONDS = 2

/** Starts the service. Below `/stream` it sends events, below `/status/N` it answers N. */
export async function startService(): Promise<Service> {
  const arrived: Arrived[] = []
  const server = createServer((request, response) => void answer(request, response, arrived))
  const port = await listen(server)
  return {
    port,
    arrived,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answer(request: IncomingMessage, response: ServerResponse, arrived: Arrived[]): Promise<void> {
  const hash = createHash('sha256')
  let size = 0
  try {
    for await (const part of request) {
      const bytes = Buffer.from(part as Uint8Array)
      size += bytes.length
      hash.update(bytes)
    }
  } catch {
    return
  }
  const { method = '', url = '', rawHeaders } = request
  const headers = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ''] as const] : [],
  )
  const got = { method, url, headers, size, sha256: hash.digest('hex') }
  arrived.push(got)
  const status = /\/status\/(\d{3})/.exec(url)?.[1]
  if (status !== undefined) return void response.writeHead(Number(status), { etag: '"x"' }).end()
  if (!url.includes('/stream'))
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(got))
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n')
  request.socket.on('close', () => response.end())
}

/**
 * A real issuer with an application of each kind, which the gateway stands before: `url` is where clients reach both. `signing` is the algorithm of its access tokens,
 * `policy` more lines of its policy.
 */
export async function startIssuer(
  folder: string,
  url: string,
  signing: 'EdDSA' | 'ES256',
  policy = '',
): Promise<RunningServer> {
  const port = await freePort()
  const applications = [
    ['app', 'hybrid', 'body'],
    ['stateful', 'stateful', 'body'],
    ['web', 'stateful', 'cookie'],
    ['wide', 'hybrid', 'body', `audience = ["${AUDIENCE}"]`],
    ['brief', 'hybrid', 'body', 'access_token_seconds = 10'],
  ].map(([id, strategy, transport, more = '']) =>
    [`[[applications]]`, `id = "${id}"`, `strategy = "${strategy}"`, `transport = "${transport}"`, more].join('\n'),
  )
  const file = join(folder, 'counterfoil.toml')
  writeFileSync(
    file,
    `trusted_proxies = ["127.0.0.1"]
gateway_origins = ["${url}"]
[policy]
lease_seconds = ${LEASE_SECONDS}
signing_algorithm = "${signing}"
${policy}
${applications.join('\n')}
[[verifiers]]
name = "gateway"
key = "${VERIFIER_KEY}"
`,
  )
  const environment = { ...QUICK, COUNTERFOIL_LISTEN: `127.0.0.1:${port}`, COUNTERFOIL_ISSUER: url }
  return startServer({ folder, environment }, ['--config', file])
}
