import type { IncomingMessage, ServerResponse } from 'node:http'
import { createAuth, systemClock, systemRandom, type Auth } from '@counterfoil/core'
import type { FastifyBaseLogger, InjectOptions, LightMyRequestResponse } from 'fastify'
import { createAccessTokenReader } from './access-tokens.ts'
import { buildApp } from './build-app.ts'
import type { ServerContext } from './context.ts'
import { trustProxies } from './http/address.ts'
import { hashKey } from './http/client-authentication.ts'
import { cookiesAt } from './http/cookies.ts'
import { createLogger } from './http/logging.ts'
import { PushChannels } from './http/push-channels.ts'
import { createProofs } from './proofs.ts'
import { checkOptions, readIssuer, type ServerOptions } from './options.ts'
import { PAGES_APPLICATION } from './pages/site.ts'
import { createTheme } from './pages/theme.ts'
import type { App } from './routes/app.ts'

/** Where to listen. */
export interface ListenOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
}

/** A server that is ready to answer. */
export interface CounterfoilServer {
  /** Listens; the address that it then has, such as `http://127.0.0.1:7500`. */
  listen(options: ListenOptions): Promise<string>
  /** Answers a request of any Node HTTP server: `app.use('/auth', server.handler)`, `http.createServer(server.handler)`. */
  handler(this: void, request: IncomingMessage, response: ServerResponse): void
  /** Answers a request without a network, for tests. */
  inject(options: InjectOptions): Promise<LightMyRequestResponse>
  /**
   * Says that no more requests should be sent here: `/readyz` turns 503, and answers close their connections. Everything is served as before, so
   * that those who spread the requests can take their time to notice.
   */
  drain(): void
  /**
   * Stops: `/readyz` turns 503, no new connections are taken, requests in flight are answered and their connections closed. What
   * is still open after `withinMs` (default 10,000) is cut. The stores stay open: they belong to whoever connected them.
   */
  close(options?: { readonly withinMs?: number }): Promise<void>
  /** The use cases beneath. */
  readonly auth: Auth
}

/**
 * Makes a server over connected stores, and declares its applications. All options are checked here, once.
 *
 * @throws {TypeError} when an option is wrong.
 * @throws {WrongSecret} when the secret does not open the keys in the database.
 * @throws {StoreUnavailable}
 * @example
 * const server = await createServer({
 *   ...createMemoryStores(), issuer: 'http://localhost:7500', secret: systemRandom(32), policy: createPolicy(),
 *   applications: [{ id, name: 'Shop', strategy: 'hybrid', transport: 'body', audience: [], origins: [], redirectUris: [], lifetimes: {} }],
 * })
 * await server.listen({ host: '127.0.0.1', port: 7500 })
 */
export async function createServer(options: ServerOptions): Promise<CounterfoilServer> {
  const url = readIssuer(options.issuer)
  checkOptions(options)
  const theme = options.pages === false ? undefined : createTheme(options.pages ?? {})
  const trusts = trustProxies(options.trustedProxies ?? [])
  const { clock = systemClock, random = systemRandom } = options
  const auth = await createAuth({ ...options, clock, random })
  await auth.declareApplications([...options.applications, ...(theme === undefined ? [] : [PAGES_APPLICATION])])
  const state = { draining: false }
  const issuerPath = url.pathname === '/' ? '' : url.pathname
  const context: ServerContext = {
    auth,
    clock,
    trusts,
    gatewayOrigins: options.gatewayOrigins ?? [],
    issuer: options.issuer,
    origin: url.origin,
    policy: options.policy,
    signUp: options.signUp ?? 'open',
    cookieOf: cookiesAt(issuerPath),
    verifiers: (options.verifiers ?? []).map(({ name, key }) => ({ name, keyHash: hashKey(key) })),
    isAlone: options.nodes === undefined && (options.verifiers ?? []).length === 0,
    tokens: createAccessTokenReader({
      issuer: options.issuer,
      clock,
      publicKeys: auth.publicKeys,
      upstreams: options.applications.flatMap(({ audience }) => audience),
      leewaySeconds: options.policy.leewaySeconds,
    }),
    proofs: createProofs(options, clock),
    channels: new PushChannels(auth.feed),
    isDraining: () => state.draining,
  }
  const logger = createLogger(options.logger)
  const { applications } = options
  const origins = [...new Set(applications.flatMap((application) => application.origins))]
  const isHttps = url.protocol === 'https:'
  const app = await buildApp({ context, issuerPath, isHttps, logger, applications, origins, theme })
  const stopUpkeep = keepUp(auth, options.policy.keyReloadSeconds * 1000, app.log)
  return {
    listen: (where) => app.listen({ ...where }),
    handler: (request, response) => app.routing(request, response),
    inject: (request) => app.inject(request),
    drain: () => void (state.draining = true),
    close: async ({ withinMs = 10_000 } = {}) => {
      state.draining = true
      stopUpkeep()
      context.channels.close()
      await closeWithin(app, withinMs)
      // Not before: a request in flight may wait until everybody obeys.
      auth.feed.close()
    },
    auth,
  }
}

/** Does what wants doing from time to time, one round after the other. Nothing hangs on a round that fails: the next one comes. */
function keepUp(auth: Auth, everyMs: number, log: FastifyBaseLogger): () => void {
  let running = false
  const round = async (): Promise<void> => {
    if (running) return
    running = true
    try {
      await auth.upkeep()
    } catch (error) {
      log.error({ err: error }, 'upkeep failed; it is tried again')
    } finally {
      running = false
    }
  }
  const timer = setInterval(() => void round(), everyMs).unref()
  return () => clearInterval(timer)
}

async function closeWithin(app: App, withinMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), withinMs)
  // A connection whose last request has just been answered is idle only now: closing began without it.
  // After a look at what has come in: a request that lies unread would be lost with its connection.
  const hangUp = setInterval(() => setImmediate(() => app.server.closeIdleConnections()), 50)
  try {
    await app.close()
  } finally {
    clearTimeout(cut)
    clearInterval(hangUp)
  }
}
