import { createHash } from 'node:crypto'
import {
  createMemoryStores,
  createPolicy,
  StoreUnavailable,
  type ApplicationSettings,
  type Clock,
  type Policy,
} from '@counterfoil/core'
import { STRATEGIES, type ApplicationId, type Strategy } from '@counterfoil/protocol'
import { createServer, type CounterfoilServer } from './create-server.ts'
import { Document } from './document.fixture.ts'
import type { ServerOptions } from './options.ts'

export const ISSUER = 'https://auth.example.com'
export const APP_ORIGIN = 'https://app.example.com'
export const ORDERS = 'https://orders.example.com'
export const EMAIL = 'ada@example.com'
export const PASSWORD = 'correct horse battery'
export const BACKEND_SECRET = 'backend-secret-of-many-letters'
export const VERIFIER = { name: 'orders', key: 'verifier-key-of-many-letters' }

/** Settings of an application: after its strategy, by default. */
export function application(
  strategy: Strategy,
  more: Partial<Record<keyof ApplicationSettings, unknown>> = {},
): ApplicationSettings {
  const id = strategy as string as ApplicationId
  const lists = { audience: [], origins: [], redirectUris: [] }
  return { id, name: strategy, strategy, transport: 'body', ...lists, lifetimes: {}, ...more } as ApplicationSettings
}

/** One application for each strategy and transport, one that knows an upstream, and one with a secret. */
const APPLICATIONS: readonly ApplicationSettings[] = [
  ...STRATEGIES.map((strategy) => application(strategy)),
  ...STRATEGIES.map((strategy) =>
    application(strategy, { id: `web-${strategy}`, transport: 'cookie', origins: [APP_ORIGIN] }),
  ),
  application('hybrid', { id: 'shop', audience: [ORDERS] }),
  application('stateful', { id: 'desk', audience: [ORDERS] }),
  application('hybrid', { id: 'backend', secretHash: createHash('sha256').update(BACKEND_SECRET).digest('base64url') }),
]

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #instant = Date.UTC(2026, 0, 1)
  #uptimeMs = 0
  now(): number {
    return this.#instant
  }
  monotonic(): number {
    return this.#instant + this.#uptimeMs
  }
  /** As if the process had been there for long: no lease from before it is still in force. */
  settle(): void {
    this.#uptimeMs = 3_600_000
  }
  forward(seconds: number): void {
    this.#instant += seconds * 1000
  }
}

/** A request as tests write it. */
export interface Call {
  readonly method?: string
  readonly path: string
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** For `Authorization: Bearer`. */
  readonly token?: string | undefined
  readonly cookie?: string | undefined
  /** A browser on a page of this origin: `Origin` and `Sec-Fetch-Site`. */
  readonly from?: 'same-origin' | 'same-site' | 'cross-site' | 'none'
  readonly origin?: string
  readonly address?: string
}

/** An answer as tests read it. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly setCookies: readonly string[]
  readonly text: string
  /** The body as JSON; an empty object when there is none. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A server over memory with a clock of its own. Each answer is held to the document that the server gives of itself. */
export interface TestServer {
  readonly server: CounterfoilServer
  readonly stores: ReturnType<typeof createMemoryStores>
  readonly clock: TestClock
  readonly policy: Policy
  readonly document: Document
  /** Takes the stores out of reach, and back. */
  breakStores(broken: boolean): void
  /** How often a store was asked. */
  readonly asked: () => number
  readonly call: (this: void, request: Call) => Promise<Answer>
}

/** Stores that can be out of reach: the contract has one way to say so. */
export function breakable<Store extends object>(store: Store, state: { broken: boolean; asked: number }): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: unknown[]): unknown => {
        state.asked++
        if (state.broken) return Promise.reject(new StoreUnavailable('out of reach, by request'))
        return Reflect.apply(member, target, given)
      }
    },
  })
}

/** Opens a server; options replace those of the fixture. */
export async function openServer(
  options: Partial<ServerOptions> & { readonly settings?: Partial<Policy> } = {},
): Promise<TestServer> {
  const { settings, ...given } = options
  const stores = createMemoryStores()
  const state = { broken: false, asked: 0 }
  const clock = new TestClock()
  const cheap = {
    passwordMemoryKib: 7_168,
    passwordPasses: 1,
    signInAttemptsPerAddress: 10_000,
    signUpsPerAddress: 10_000,
    // Tests that count what the stores are asked want nobody else to ask.
    keyReloadSeconds: 3600,
  }
  const policy = createPolicy({ ...cheap, ...settings })
  const server = await createServer({
    issuer: ISSUER,
    database: breakable(stores.database, state),
    sessions: breakable(stores.sessions, state),
    log: breakable(stores.log, state),
    secret: new Uint8Array(32).fill(9),
    policy,
    applications: APPLICATIONS,
    verifiers: [VERIFIER],
    clock,
    ...given,
  })
  clock.settle()
  const document = new Document((await server.inject({ method: 'GET', url: '/openapi.json' })).body)
  const breakStores = (broken: boolean): void => void (state.broken = broken)
  const call = (request: Call): Promise<Answer> => callServer(server, document, request)
  return { server, stores, clock, policy, document, breakStores, asked: () => state.asked, call }
}

function headersOf({ json, form, headers, token, cookie, from, origin }: Call): Record<string, string | string[]> {
  return {
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(cookie !== undefined && { cookie }),
    ...(from !== undefined && { 'sec-fetch-site': from }),
    ...(origin !== undefined && { origin }),
    ...headers,
  }
}

function payloadOf({ json, form, body }: Call): string | Buffer | undefined {
  if (json !== undefined) return JSON.stringify(json)
  return form === undefined ? body : new URLSearchParams(form).toString()
}

async function callServer(server: CounterfoilServer, document: Document, request: Call): Promise<Answer> {
  const payload = payloadOf(request)
  const method = request.method ?? (payload === undefined ? 'GET' : 'POST')
  const response = await server.inject({
    method,
    url: request.path,
    headers: headersOf(request),
    remoteAddress: request.address ?? '192.0.2.1',
    ...(payload !== undefined && { payload }),
  })
  const text = response.body
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  )
  const status = response.statusCode
  hold(document, { method, path: request.path, status, contentType: headers['content-type'], body: text })
  const setCookie = response.headers['set-cookie'] ?? []
  const isJson = text !== '' && (headers['content-type'] ?? '').includes('json')
  const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status, headers, setCookies: typeof setCookie === 'string' ? [setCookie] : setCookie, text, body }
}

/** The page for people is beside the interface, and a preflight says nothing but headers. */
function hold(
  document: Document,
  answer: { method: string; path: string; status: number; contentType: string | undefined; body: string },
): void {
  const [path = ''] = answer.path.split('?')
  if (path.startsWith('/docs') || (answer.method === 'OPTIONS' && answer.status === 204)) return
  const fault = document.faultOf({ ...answer, path })
  if (fault !== undefined) throw new Error(`not as documented: ${fault}`)
}

/** What a client holds after signing in. */
export interface Held {
  readonly answer: Answer
  /** What goes into `Authorization`, if anything does. */
  readonly token: string | undefined
  readonly refreshToken: string | undefined
  /** What a browser would send: `name=value`, for each cookie that was set. */
  readonly cookie: string | undefined
  readonly sessionId: string
}

/** Signs Ada up, if need be. */
export async function signUp({ call }: Pick<TestServer, 'call'>, email = EMAIL): Promise<Answer> {
  return call({ path: '/accounts', json: { email, password: PASSWORD, name: 'Ada' } })
}

/** What an answer of sign-in, password change or refresh puts into the client's hands. */
export function heldBy(answer: Answer): Held {
  const { body, setCookies } = answer
  const text = (name: string): string | undefined => (typeof body[name] === 'string' ? body[name] : undefined)
  const cookie = setCookies.map((line) => line.split(';')[0]).join('; ')
  const session = body['session'] as { id?: string } | undefined
  return {
    answer,
    token: text('session_token') ?? text('access_token'),
    refreshToken: text('refresh_token'),
    cookie: cookie === '' ? undefined : cookie,
    sessionId: session?.id ?? '',
  }
}

/** Signs Ada up, if need be, and in. */
export async function signIn(
  test: Pick<TestServer, 'call'>,
  clientId: string,
  more: Partial<Call> = {},
): Promise<Held> {
  await signUp(test)
  const json = { client_id: clientId, email: EMAIL, password: PASSWORD }
  const answer = await test.call({ path: '/sessions', json, ...more })
  if (answer.status !== 201) throw new Error(`sign-in failed: ${answer.text}`)
  return heldBy(answer)
}

/** Refreshes with a token in the form. */
export function refresh(
  { call }: Pick<TestServer, 'call'>,
  clientId: string,
  token: string,
  more: Partial<Call> = {},
): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: token, client_id: clientId }
  return call({ path: '/oauth/token', form, ...more })
}

/** The value of something that must be there. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there')
  return value
}

/** The claims in a JWT, unverified. */
export function claimsIn(jwt: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
