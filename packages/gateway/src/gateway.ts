import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  type Http2SecureServer,
  type Http2Session,
} from 'node:http2'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { VerifierStatus } from '@counterfoil/verifier'
import { clientErrorAnswer } from './requests/client-errors.ts'
import { MOST_TRIES } from './exchange.ts'
import { isWebSocket } from './requests/strictness.ts'
import { Http1Receiver, Http2Receiver } from './requests/receivers.ts'
import { Metrics } from './observe/metrics.ts'
import { readOptions, type GatewayOptions, type GatewaySettings } from './options.ts'
import { headText } from './upgrades/tunnel.ts'
import { Visit, type VisitParts } from './visit.ts'
import { UpgradeVisit } from './upgrades/upgrade-visit.ts'
import { UpstreamSet } from './upstreams/upstream-set.ts'

/** Where to listen. */
export interface ListenOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
}

/** A gateway that is ready to take requests. */
export interface Gateway {
  /** Listens; the address that it then has, such as `http://127.0.0.1:8080`. May be called for several addresses. */
  listen(options: ListenOptions): Promise<string>
  /**
   * Goes by other options from the next request on; what is under way is not disturbed. The certificate counts for the next connections.
   *
   * @throws {TypeError} when an option is wrong; then all stays as it was.
   */
  reload(options: GatewayOptions): void
  /** Says that no more requests should come here: answers close their connections, and `isDraining` turns true. */
  drain(): void
  /** Stops: no new connections; requests under way are answered. What is still open after `withinMs` (default 10,000) is cut. */
  close(options?: { readonly withinMs?: number }): Promise<void>
  readonly isDraining: boolean
  status(): VerifierStatus
  /** What there is to watch, as Prometheus reads it. */
  metrics(): Promise<string>
}

/**
 * Makes a reverse proxy that verifies at the edge. All options are checked here, once.
 *
 * @throws {TypeError} that names the option.
 * @example
 * ```ts
 * const gateway = createGateway({
 *   verifier: createVerifier({ issuer, audience, feed: { key } }),
 *   publicUrl: 'https://api.example.com',
 *   routes: [{ name: 'orders', path: '/orders', upstreams: ['http://127.0.0.1:7600'] }],
 * })
 * await gateway.listen({ host: '127.0.0.1', port: 8080 })
 * ```
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new NodeGateway(options)
}

type AnyServer = Server | Http2SecureServer

/** Clients keep idle connections open for at most so long. */
const KEEP_ALIVE_MS = 65_000

class NodeGateway implements Gateway {
  readonly #upstreams = new UpstreamSet()
  readonly #servers: AnyServer[] = []
  readonly #visits = new Set<{ cut(): void }>()
  readonly #metrics: Metrics
  readonly #sessions = new Set<Http2Session>()
  readonly #sockets = new Set<Socket>()
  readonly #parts: VisitParts
  #settings: GatewaySettings
  #isDraining = false
  #retiring: NodeJS.Timeout | undefined

  constructor(options: GatewayOptions) {
    this.#settings = readOptions(options, this.#upstreams)
    this.#metrics = new Metrics(
      () => this.#settings.verifier.status(),
      () => this.#settings.upstreams,
    )
    this.#parts = {
      settings: () => this.#settings,
      isDraining: () => this.#isDraining,
      metrics: this.#metrics,
      visits: this.#visits,
    }
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  async listen({ host, port }: ListenOptions): Promise<string> {
    const server = this.#makeServer()
    server.listen(port, host)
    await once(server, 'listening')
    this.#servers.push(server)
    const address = server.address()
    const bound = typeof address === 'object' && address !== null ? address.port : port
    const name = host.includes(':') ? `[${host}]` : host
    return `${this.#settings.tls === undefined ? 'http' : 'https'}://${name}:${bound}`
  }

  reload(options: GatewayOptions): void {
    const before = this.#settings
    const settings = readOptions(options, this.#upstreams, before)
    if ((settings.tls === undefined) !== (before.tls === undefined))
      throw new TypeError('tls cannot be switched on or off while the gateway listens: start it again')
    this.#settings = settings
    if (settings.tls !== undefined)
      for (const server of this.#servers) if ('setSecureContext' in server) server.setSecureContext(settings.tls)
    this.#applyLimits()
    this.#retireLater(before)
  }

  drain(): void {
    this.#isDraining = true
  }

  async close({ withinMs = 10_000 }: { readonly withinMs?: number } = {}): Promise<void> {
    this.#isDraining = true
    clearInterval(this.#retiring)
    const cut = setTimeout(() => this.#cutAll(), withinMs)
    const hangUp = setInterval(() => this.#closeIdle(), 50)
    await Promise.all(this.#servers.map(closed))
    clearTimeout(cut)
    clearInterval(hangUp)
    await this.#upstreams.close()
  }

  status(): VerifierStatus {
    return this.#settings.verifier.status()
  }

  metrics(): Promise<string> {
    return this.#metrics.text()
  }

  /** What was there when other options came may yet have to be sent to a service that they do not name any more. */
  #retireLater({ timeouts }: GatewaySettings): void {
    const earlier = [...this.#visits]
    const giveUpAt = performance.now() + timeouts.connectMs + timeouts.responseMs
    clearInterval(this.#retiring)
    this.#retiring = setInterval(() => {
      if (performance.now() < giveUpAt && earlier.some((visit) => this.#visits.has(visit))) return
      clearInterval(this.#retiring)
      this.#upstreams.retire(this.#settings.upstreams)
    }, 100).unref()
  }

  #applyLimits(): void {
    const { limits, timeouts } = this.#settings
    for (const server of this.#servers) {
      server.maxConnections = limits.connections
      server.setTimeout(clientIdleMs(timeouts))
      if ('headersTimeout' in server) server.headersTimeout = timeouts.headersMs
    }
  }

  #makeServer(): AnyServer {
    const { tls, limits, timeouts } = this.#settings
    const common = {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: timeouts.headersMs,
      // A body may take as long as it moves: the socket's own time-out sees to that.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(1000, timeouts.headersMs),
    }
    const server: AnyServer =
      tls === undefined
        ? createServer({ ...common, requireHostHeader: false, shouldUpgradeCallback: wantsWebSocket })
        : createSecureServer({ ...common, ...tls, allowHTTP1: true, settings: { maxConcurrentStreams: 128 } })
    server.maxConnections = limits.connections
    server.setTimeout(clientIdleMs(timeouts))
    server.on('request', (request: AnyRequest, response: AnyResponse) => this.#take(request, response))
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, ahead: Buffer) => {
      new UpgradeVisit(this.#parts, request, socket, ahead).begin()
    })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on('session', (session: Http2Session) => {
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session))
      session.on('error', () => undefined)
    })
    server.on('clientError', (error: Error, socket: Duplex) => refuseClient(error, socket))
    return server
  }

  #take(request: AnyRequest, response: AnyResponse): void {
    if (request instanceof Http2ServerRequest && response instanceof Http2ServerResponse) {
      new Visit(this.#parts, request, response, new Http2Receiver(response)).begin()
    } else if (!(request instanceof Http2ServerRequest) && !(response instanceof Http2ServerResponse)) {
      new Visit(this.#parts, request, response, new Http1Receiver(response, () => this.#isDraining)).begin()
    }
  }

  #closeIdle(): void {
    for (const server of this.#servers) if ('closeIdleConnections' in server) server.closeIdleConnections()
    // Browsers connect ahead: whoever has said nothing yet loses nothing.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
    // Says that it is going away; requests that have begun are answered.
    for (const session of this.#sessions) session.close()
    for (const visit of this.#visits) if (visit instanceof UpgradeVisit) visit.cut()
  }

  #cutAll(): void {
    for (const server of this.#servers) if ('closeAllConnections' in server) server.closeAllConnections()
    for (const visit of this.#visits) visit.cut()
    for (const session of this.#sessions) session.destroy()
  }
}

/** While a service thinks, nothing moves on the connection to the client either. */
function clientIdleMs({ idleMs, responseMs, connectMs }: GatewaySettings['timeouts']): number {
  return Math.max(idleMs, MOST_TRIES * (responseMs + connectMs)) + 2000
}

/** Any other upgrade is none that is taken up: the request is answered as it is. */
function wantsWebSocket({ headers }: IncomingMessage): boolean {
  return isWebSocket({ upgrade: headers.upgrade })
}

type AnyRequest = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

async function closed(server: AnyServer): Promise<void> {
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}

/** What the parser could not read is answered once, and the connection closed (RFC 9112 §2.2). */
function refuseClient(error: Error, socket: Duplex): void {
  if (!socket.writable || ('bytesWritten' in socket && 'code' in error && error.code === 'ECONNRESET')) {
    socket.destroy()
    return
  }
  const { status, headers, body } = clientErrorAnswer(error)
  const all = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }
  socket.end(headText(status, Object.entries(all).flat()) + body, () => socket.destroy())
}
