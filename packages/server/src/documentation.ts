import { ERRORS, REFRESH_COOKIE_PREFIX, ROUTES, SESSION_COOKIE, type ErrorCode } from '@counterfoil/protocol'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifySchema, RouteOptions } from 'fastify'
import { PROBLEM_TYPE, problemOf } from './http/problems.ts'
import type { App } from './routes/app.ts'
import { OAUTH_ERRORS } from './wire/oauth.ts'

/** Any request may meet these. */
const ALWAYS: readonly ErrorCode[] = ['invalid_request', 'uri_too_long', 'internal']
const WITH_BODY: readonly ErrorCode[] = [
  'malformed_json',
  'body_too_large',
  'unsupported_media_type',
  'store_unavailable',
]
const WITH_CREDENTIAL: readonly ErrorCode[] = [
  'ambiguous_credentials',
  'credential_absent',
  'credential_malformed',
  'credential_untrusted',
  'credential_expired',
  'credential_ended',
  'credential_bound',
  'credential_unbound',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'store_unavailable',
]

/** The error codes that a route can answer with: those that it names, and those that follow from its schema. */
function errorsOf(
  schema: FastifySchema,
  { config, method }: Pick<RouteOptions, 'config' | 'method'>,
): readonly ErrorCode[] {
  const needsCredential = schema.security !== undefined
  const changes = needsCredential && method !== 'GET'
  const codes = [
    ...ALWAYS,
    ...(schema.body === undefined ? [] : WITH_BODY),
    ...(needsCredential ? WITH_CREDENTIAL : []),
    ...(changes ? (['cross_origin'] as const) : []),
    ...(config?.errors ?? []),
  ]
  return [...new Set(codes)]
}

const PROBLEM = {
  type: 'object',
  title: 'Problem',
  description: 'An error (RFC 9457).',
  required: ['type', 'title', 'status', 'code'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', description: '`urn:counterfoil:error:` and the code.' },
    title: { type: 'string', description: 'What it means.' },
    status: { type: 'integer' },
    code: { enum: Object.keys(ERRORS) },
    detail: { type: 'string', description: 'More of it: what would be right.' },
    field: {
      type: 'string',
      description: 'Where in the request: a JSON pointer into the body, or the name of a parameter or header.',
    },
  },
}

const OAUTH_ERROR = {
  type: 'object',
  title: 'OAuthError',
  description: 'An error of the OAuth endpoints (RFC 6749 §5.2).',
  required: ['error'],
  additionalProperties: false,
  properties: { error: { enum: OAUTH_ERRORS }, error_description: { type: 'string' } },
  examples: [{ error: 'invalid_grant', error_description: 'The session has ended. Sign in again.' }],
}

const HEADERS_OF: Readonly<Record<number, readonly string[]>> = {
  400: ['DPoP-Nonce'],
  401: ['WWW-Authenticate', 'DPoP-Nonce'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}

/** The headers that tell a client what to do about a status. */
function headersOf(status: number): object {
  const names = HEADERS_OF[status]
  const described = names?.map((name) => [name, { schema: { type: 'string' } }] as const)
  return described === undefined ? {} : { headers: Object.fromEntries(described) }
}

/** The answers for these codes, one for each status. */
function problemResponses(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code][0])
  return Object.fromEntries([...byStatus].map(([status, group]) => [status, problemResponse(status, group)]))
}

function problemResponse(status: number, codes: readonly ErrorCode[]): object {
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code][1]}`).join(' · ')
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Problem' }],
    properties: { status: { const: status }, code: { enum: codes } },
  }
  const examples = Object.fromEntries(codes.map((code) => [code, { value: problemOf({ code }) }]))
  return { description, ...headersOf(status), content: { [PROBLEM_TYPE]: { schema, examples } } }
}

const OAUTH_STATUSES: readonly (readonly [status: number, description: string])[] = [
  [400, 'The request or the grant is not good (RFC 6749 §5.2).'],
  [401, 'The application or verifier is unknown, or its secret is wrong.'],
  [413, 'The body is larger than 64 KiB.'],
  [414, 'The address is too long.'],
  [429, 'Too many attempts; `Retry-After`.'],
  [500, 'Something went wrong here. It has been logged.'],
  [503, 'Cannot tell right now; `Retry-After`. The credential is as good as before.'],
]

function oauthResponses(): Record<string, object> {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } }
  const response = ([status, description]: (typeof OAUTH_STATUSES)[number]) =>
    [status, { description, ...headersOf(status), content }] as const
  return Object.fromEntries(OAUTH_STATUSES.map(response))
}

const INTRODUCTION = `Sign in once, verify anywhere, sign out everywhere.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`, except on \`/oauth/*\`, which answer as their RFCs say.
503 means "cannot tell right now": wait for \`Retry-After\`, and try again; nobody has been signed out.

Requests with a cookie that change something must come from the same origin, or from one that the application lists; they need
\`Sec-Fetch-Site\` or \`Origin\`, which browsers send by themselves. Credentials in the query are not looked at.`

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An access token, or a session token (`cfs_…`).' },
  dpop: {
    type: 'http',
    scheme: 'dpop',
    description:
      'An access token that is bound to a key, with a proof of possession in the `DPoP` header (RFC 9449 §7.1). A sign-in that comes with a proof binds its session, unless that is stateful.',
  },
  session_cookie: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
  refresh_cookie: { type: 'apiKey', in: 'cookie', name: `${REFRESH_COOKIE_PREFIX}{client_id}` },
  client: {
    type: 'http',
    scheme: 'basic',
    description: "An application's `client_id` and secret; the form takes them too.",
  },
  verifier: { type: 'http', scheme: 'bearer', description: 'The key of a verifier.' },
} as const

const TAGS = [
  { name: 'Accounts', description: 'Signing up.' },
  { name: 'Sessions', description: 'Signing in, being signed in, signing out.' },
  { name: 'Session data', description: 'What an application keeps with a session.' },
  { name: 'Account', description: 'The signed-in account.' },
  { name: 'OAuth', description: 'RFC 6749 (refresh), RFC 7009, RFC 7662.' },
  { name: 'Gateways', description: 'Deciding for a gateway.' },
  { name: 'Discovery', description: 'What this issuer is.' },
  { name: 'Health', description: 'How it is.' },
]

/** An operation of the document, as far as it is completed here. */
interface Operation {
  readonly operationId?: string
  readonly responses: Record<
    string,
    { description: string; readonly content?: Record<string, { readonly schema?: { readonly title?: string } }> }
  >
}

/** Makes the OpenAPI 3.1 document of the routes that are added after this, with the errors that each can answer with. */
export async function describeInterface(app: App, issuer: string): Promise<void> {
  const errors = new Map<string, Record<string, object>>()
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Counterfoil', version: '1', description: INTRODUCTION },
      servers: [{ url: issuer }],
      tags: TAGS,
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: ({ schema, url, route }) => {
      const { operationId } = schema
      if (operationId !== undefined) errors.set(operationId, errorResponses(schema, url, route))
      return { schema, url }
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new TypeError('the document is not OpenAPI 3')
      const { paths = {}, ...rest } = document.openapiObject
      for (const operation of Object.values(paths).flatMap((path) => Object.values(path ?? {})) as Operation[])
        complete(operation, errors)
      const schemas = { ...rest.components?.schemas, Problem: PROBLEM, OAuthError: OAUTH_ERROR }
      return { ...rest, paths, components: { ...rest.components, schemas } } as never
    },
  })
}

function errorResponses(schema: FastifySchema, url: string, route: RouteOptions): Record<string, object> {
  return url.startsWith('/oauth/') ? oauthResponses() : problemResponses(errorsOf(schema, route))
}

function complete(
  { operationId = '', responses }: Operation,
  errors: ReadonlyMap<string, Record<string, object>>,
): void {
  for (const response of Object.values(responses)) {
    const title = response.content?.['application/json']?.schema?.title
    if (response.description === 'Default Response') response.description = title ?? 'Done.'
  }
  Object.assign(responses, errors.get(operationId))
}

/** The page on which the interface is read and tried. It is the only one that runs scripts, its own. */
export async function addDocumentationPage(
  app: App,
  { isHttps, issuerPath }: { readonly isHttps: boolean; readonly issuerPath: string },
): Promise<void> {
  await app.register(async (page) => {
    page.addHook('onRequest', (_request, reply, done) => {
      // That of every answer would win over the page's own.
      reply.removeHeader('content-security-policy')
      done()
    })
    await page.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          'default-src': ["'none'"],
          'script-src': ["'self'"],
          'style-src': ["'self'", "'unsafe-inline'"],
          'img-src': ["'self'", 'data:'],
          'connect-src': ["'self'"],
          'base-uri': ["'none'"],
          'form-action': ["'none'"],
          'frame-ancestors': ["'none'"],
        },
      },
      strictTransportSecurity: isHttps,
    })
    await page.register(swaggerUi, {
      routePrefix: ROUTES.docs,
      indexPrefix: issuerPath,
      // The default asks a stranger's server whether the document is valid.
      uiConfig: { validatorUrl: null, deepLinking: true },
      logLevel: 'silent',
      // Without the bar of the tool: there is one document, and it is ours.
      theme: {
        title: 'Counterfoil',
        css: [{ filename: 'page.css', content: '.swagger-ui .topbar { display: none }' }],
      },
    })
  })
}
