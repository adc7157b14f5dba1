import { METHODS, type IncomingMessage } from 'node:http'
import type { ApplicationSettings } from '@counterfoil/core'
import { PROOF_HEADER, PROOF_NONCE_HEADER } from '@counterfoil/protocol'
import cors from '@fastify/cors'
import formbody from '@fastify/formbody'
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { ServerContext } from './context.ts'
import { addDocumentationPage, describeInterface } from './documentation.ts'
import { answerClientError } from './http/client-errors.ts'
import { answerErrors, answerFrameworkError, answerOAuthErrors } from './http/error-gate.ts'
import { fixedHeaders } from './http/headers.ts'
import { createJsonParser } from './http/json-body.ts'
import { createRequestIds, logRequests } from './http/logging.ts'
import { stripIssuerPath } from './http/mounting.ts'
import { sendProblem } from './http/problems.ts'
import { quietMoment } from './http/quiet-moment.ts'
import { answerUnmatched } from './http/unmatched.ts'
import { addPages, answerUnmatchedPage } from './pages/add-pages.ts'
import type { Site } from './pages/site.ts'
import type { Theme } from './pages/theme.ts'
import { addOwnAccountRoutes } from './routes/account.ts'
import { addAccountRoutes } from './routes/accounts.ts'
import type { App } from './routes/app.ts'
import { addAttributeRoutes } from './routes/attributes.ts'
import { addDiscoveryRoutes } from './routes/discovery.ts'
import { addHealthRoutes } from './routes/health.ts'
import { addTokenRoute } from './routes/oauth.ts'
import { addRevocationRoutes } from './routes/revocations.ts'
import { addEndingRoutes, addSessionRoutes, addSignInRoute } from './routes/sessions.ts'
import { addIntrospectRoute, addRevokeRoute } from './routes/tokens.ts'
import { addVerifyRoutes } from './routes/verify.ts'
import type { WireTypes } from './wire/schema.ts'

/** Bodies are refused above this size before they are read. */
const BODY_LIMIT = 64 * 1024

/** Addresses above this length are refused. */
const URL_LIMIT = 8 * 1024

/** How long a request may take to arrive. */
const REQUEST_TIMEOUT_MS = 30_000

/** What the HTTP side of a server is made of. */
export interface AppParts {
  readonly context: ServerContext
  readonly issuerPath: string
  readonly isHttps: boolean
  readonly logger: FastifyBaseLogger | undefined
  /** Those of the configuration. */
  readonly applications: readonly ApplicationSettings[]
  /** Every origin that some application lists. */
  readonly origins: readonly string[]
  /** Of the pages; without it there are none. */
  readonly theme: Theme | undefined
}

/** The HTTP side of a server: its routes, and what stands before and behind them. */
export async function buildApp(parts: AppParts): Promise<App> {
  const headers = fixedHeaders(parts.isHttps)
  const app = createInstance(parts, headers)
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method)
  }
  app.decorateRequest('caller', null)
  app.decorateRequest('subject', null)
  answerErrors(app)
  const site = siteOf(parts)
  answerUnmatched(app, answerUnmatchedPage(site))
  addFixedHeaders(app, headers)
  letGo(app, parts.context)
  if (parts.logger !== undefined) logRequests(app)
  if (parts.origins.length > 0) await admitOrigins(app, parts.origins)
  readJson(app)
  await describeInterface(app, parts.context.issuer)
  await addRoutes(app, parts.context)
  if (site !== undefined) await addPages(app, site)
  await addDocumentationPage(app, parts)
  await app.ready()
  return app
}

function siteOf({ context, theme, issuerPath, applications, origins }: AppParts): Site | undefined {
  return theme && { context, theme, base: issuerPath, applications, origins }
}

function createInstance({ issuerPath, logger }: AppParts, headers: Readonly<Record<string, string>>): App {
  return fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    // A child for each request would have its bindings masked anew each time: 5 µs. Lines carry the request's id themselves.
    childLoggerFactory: (log) => log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: createRequestIds(),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Requests that still arrive are served, on connections that close: they come from users who are signed in.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError(headers),
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
    ...(issuerPath !== '' && {
      rewriteUrl: (message: IncomingMessage) => stripIssuerPath(message.url ?? '/', issuerPath),
    }),
  }).withTypeProvider<WireTypes>()
}

function addFixedHeaders(app: FastifyInstance, headers: Readonly<Record<string, string>>): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers)
    reply.header('x-request-id', request.id)
    if ((request.raw.url?.length ?? 0) > URL_LIMIT) sendProblem(reply, { code: 'uri_too_long' })
    else done()
  })
}

/** While the server is on its way out, answers close their connections: whoever asks again finds another node. */
function letGo(app: FastifyInstance, { isDraining }: ServerContext): void {
  app.addHook('onRequest', (_request, reply, done) => {
    if (isDraining()) reply.header('connection', 'close')
    done()
  })
  app.addHook('preClose', () => quietMoment())
}

/** Lets pages of the origins that applications list read the answers, with their cookies (ASVS 3.4.2). No other origin is ever named. */
async function admitOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  await app.register(cors, {
    origin: [...origins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', PROOF_HEADER, 'if-match', 'if-none-match'],
    exposedHeaders: [PROOF_NONCE_HEADER, 'etag', 'retry-after', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
    strictPreflight: false,
  })
}

/** JSON is all that the first-party routes take. */
function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, createJsonParser(parse))
}

async function addRoutes(app: App, context: ServerContext): Promise<void> {
  addDiscoveryRoutes(app, context)
  addHealthRoutes(app, context)
  addAccountRoutes(app, context)
  addSignInRoute(app, context)
  addSessionRoutes(app, context)
  addEndingRoutes(app, context)
  addAttributeRoutes(app, context)
  addOwnAccountRoutes(app, context)
  addVerifyRoutes(app, context)
  addRevocationRoutes(app, context)
  await app.register(async (oauth) => {
    oauth.removeAllContentTypeParsers()
    await oauth.register(formbody)
    answerOAuthErrors(oauth)
    const typed = oauth.withTypeProvider<WireTypes>()
    addTokenRoute(typed, context)
    addRevokeRoute(typed, context)
    addIntrospectRoute(typed, context)
  })
}
