import { randomBytes } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { OnStale, Verifier } from '@counterfoil/verifier'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { BrowserBackEnd, SESSION_ENDPOINT } from './browser/back-end.ts'
import { trustProxies, type TrustsAddress } from './headers/trusted-proxies.ts'
import type { GatewayKeys } from './identity/gateway-keys.ts'
import { UpstreamTokens } from './identity/upstream-tokens.ts'
import type { AccessLog } from './observe/access-log.ts'
import { AmbiguousRoutes, RouteTable } from './routes/table.ts'
import type { IdentityForm, Limits, Route, Timeouts } from './settings.ts'
import { Balancer } from './upstreams/balancer.ts'
import type { Upstream } from './upstreams/upstream.ts'
import type { UpstreamSet } from './upstreams/upstream-set.ts'

/** What requests a route is for, who may pass, and where they go. */
export interface RouteOptions {
  /** For people, the log and the metrics; each has its own. */
  readonly name: string
  /** Host names; `*.example.com` is any below it. Default: any. */
  readonly hosts?: readonly string[] | undefined
  /** This path and everything below it, segment by segment. */
  readonly path: string
  /** Default: any. */
  readonly methods?: readonly string[] | undefined
  /** Where it goes, in turn: `http://host:port`, `https://host:port`, `unix:/path`. */
  readonly upstreams: readonly string[]
  /** Default `authenticated`. `public`: anybody, and credentials go on as they came. */
  readonly access?: 'authenticated' | 'public' | undefined
  /** One of these roles. Default: any role, or none. */
  readonly roles?: readonly string[] | undefined
  /** One of these strategies. Default: any. */
  readonly strategies?: readonly string[] | undefined
  /** The one of the verifier's audiences that it is about. Default: any of them. */
  readonly audience?: string | undefined
  /** What to do when the lease is lost. Default: the verifier's. */
  readonly onStale?: OnStale | undefined
  /** How long ago the user may have proved who they are, in seconds. Default: it does not matter. */
  readonly maxAuthAgeSeconds?: number | undefined
  /** What the service gets besides headers about the caller. Default `headers`: nothing. */
  readonly identity?: IdentityForm | undefined
  /** What the short token for the service has as `aud`. */
  readonly upstreamAudience?: string | undefined
  /** Whether browsers come here, whose tokens the gateway keeps. Default `false`. */
  readonly browser?: boolean | undefined
}

/** As what application browsers sign in, and where. */
export interface BrowserOptions {
  /** Where the issuer is reached: https, or http on the loopback. */
  readonly issuerAddress: string
  /** An application whose strategy is hybrid or stateless, and whose transport is `body`. */
  readonly clientId: string
  /** Of a confidential application. Default: none. */
  readonly clientSecret?: string | undefined
  /** Where people are sent to sign in: a path here, or a URL. Default `/sign-in`. */
  readonly signInPage?: string | undefined
}

/** How a gateway is made. */
export interface GatewayOptions {
  readonly verifier: Verifier
  /** Where clients reach it: an origin. */
  readonly publicUrl: string
  readonly routes: readonly RouteOptions[]
  /** Origins of other pages that may use cookies here. Default: none. */
  readonly origins?: readonly string[] | undefined
  /** Proxies whose `X-Forwarded-*` is believed: addresses and ranges. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly timeouts?: Partial<Timeouts> | undefined
  /** The keys that sign tokens for upstreams. Default: none, and no route may ask for such tokens. */
  readonly keys?: GatewayKeys | undefined
  /** How long such a token lives. At most, and by default, 60. */
  readonly upstreamTokenSeconds?: number | undefined
  /** Routes for browsers need it. Default: none. */
  readonly browser?: BrowserOptions | undefined
  /** A certificate and its key, in PEM: then HTTP/2 is spoken too. Default: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Told of each request when it is over. Default: nobody. */
  readonly accessLog?: AccessLog | undefined
}

/** The same, checked, and as requests need it. */
export interface GatewaySettings {
  readonly verifier: Verifier
  readonly table: RouteTable<Route>
  readonly upstreams: ReadonlySet<Upstream>
  readonly scheme: 'http' | 'https'
  readonly origins: ReadonlySet<string>
  readonly trusts: TrustsAddress
  readonly limits: Limits
  readonly timeouts: Timeouts
  readonly upstreamTokens: UpstreamTokens | undefined
  readonly browser: BrowserBackEnd | undefined
  /** Of what the back end of browsers was made. */
  readonly browserOptions: BrowserOptions | undefined
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly accessLog: AccessLog | undefined
  /** What the gateway itself answers, at addresses of its own. */
  readonly ownAnswer: (path: string, method: string) => ReadyAnswer | undefined
  /** Where browsers sign in and out. */
  readonly sessionPath: string
  readonly monotonic: () => number
  readonly traceBytes: () => Uint8Array
}

const LIMITS: Limits = { headerBytes: 16_384, bodyBytes: 0, connections: 10_000 }
const TIMEOUTS: Timeouts = { headersMs: 10_000, connectMs: 2_000, responseMs: 30_000, idleMs: 60_000 }
const UPSTREAM_CONNECTIONS = 256

/** Below it are the gateway's own addresses; no route may be there. */
const OWN_PATH = '/.counterfoil'

/** Checks options. @throws {TypeError} that names the option. */
export function readOptions(
  options: GatewayOptions,
  upstreams: UpstreamSet,
  before?: GatewaySettings,
): GatewaySettings {
  const publicUrl = readOrigin(options.publicUrl, 'publicUrl')
  const timeouts = readNumbers('timeouts', TIMEOUTS, options.timeouts, 1)
  const limits = readNumbers('limits', LIMITS, options.limits, 0)
  const reach = { ...timeouts, connections: UPSTREAM_CONNECTIONS }
  const used = new Set<Upstream>()
  const routes = options.routes.map((route, at) => {
    const read = readRoute(route, `routes[${at}]`, (address) => upstreams.take(address, reach), options)
    for (const upstream of read.balancer.upstreams) used.add(upstream)
    return read
  })
  if (routes.length === 0) throw new TypeError('routes must have at least one route')
  return {
    verifier: options.verifier,
    table: makeTable(routes),
    upstreams: used,
    scheme: options.tls === undefined ? 'http' : 'https',
    origins: new Set([publicUrl, ...(options.origins ?? []).map((origin, at) => readOrigin(origin, `origins[${at}]`))]),
    trusts: trustProxies(options.trustedProxies ?? []),
    limits,
    timeouts,
    upstreamTokens: readTokens(options, publicUrl),
    browser: readBrowser(options, timeouts, before),
    browserOptions: options.browser,
    tls: readTls(options.tls),
    accessLog: options.accessLog,
    ownAnswer: ownAnswers(options.keys),
    sessionPath: OWN_PATH + SESSION_ENDPOINT,
    monotonic: () => performance.now(),
    traceBytes: pooledBytes(24),
  }
}

/** Random bytes, drawn for many requests at once: a draw costs the same for one as for a hundred. */
function pooledBytes(size: number): () => Uint8Array {
  const many = 128 * size
  let pool = randomBytes(many)
  let at = 0
  return () => {
    if (at === many) {
      pool = randomBytes(many)
      at = 0
    }
    at += size
    return pool.subarray(at - size, at)
  }
}

/** What browsers' tokens are kept in stays, where its own options do. */
function readBrowser(
  { browser }: GatewayOptions,
  { responseMs }: Timeouts,
  before: GatewaySettings | undefined,
): BrowserBackEnd | undefined {
  if (browser === undefined) return undefined
  if (before?.browser !== undefined && JSON.stringify(before.browserOptions) === JSON.stringify(browser))
    return before.browser
  const { issuerAddress, clientId, clientSecret, signInPage = '/sign-in' } = browser
  check(clientId !== '', 'browser.clientId', 'must name an application')
  check(
    /^(?:\/(?!\/)|https?:\/\/)[!-~]*$/.test(signInPage),
    'browser.signInPage',
    'must be a path such as "/sign-in", or a URL',
  )
  const address = readSafeOrigin(issuerAddress, 'browser.issuerAddress')
  const now = (): number => performance.now()
  return new BrowserBackEnd({ address, clientId, clientSecret, signInPage, timeoutMs: responseMs, now })
}

/** Passwords and tokens go there. */
function readSafeOrigin(text: string, place: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url?.hostname ?? '')
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)
  check(isSafe, place, 'must be an https URL, or http on the loopback')
  return text.replace(/\/+$/, '')
}

function readTls(tls: GatewayOptions['tls']): GatewayOptions['tls'] {
  if (tls === undefined) return undefined
  try {
    createSecureContext(tls)
    return tls
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TypeError(`tls: certificate and key cannot be used: ${reason}`, { cause: error })
  }
}

function readTokens(
  { keys, upstreamTokenSeconds = 60 }: GatewayOptions,
  publicUrl: string,
): UpstreamTokens | undefined {
  if (!Number.isInteger(upstreamTokenSeconds) || upstreamTokenSeconds < 5 || upstreamTokenSeconds > 60)
    throw new TypeError('upstreamTokenSeconds must be a whole number from 5 to 60')
  if (keys === undefined) return undefined
  return new UpstreamTokens({
    issuer: publicUrl + OWN_PATH,
    key: keys.signer,
    seconds: upstreamTokenSeconds,
    now: () => Date.now(),
    random: (bytes) => randomBytes(bytes),
  })
}

function ownAnswers(keys: GatewayKeys | undefined): GatewaySettings['ownAnswer'] {
  const body = keys && JSON.stringify(keys.jwks)
  const headers = { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=300' }
  return (path, method) => {
    if (!path.startsWith(OWN_PATH)) return undefined
    const isKeySet = path === `${OWN_PATH}/.well-known/jwks.json` && (method === 'GET' || method === 'HEAD')
    return isKeySet && body !== undefined ? { status: 200, headers, body } : undefined
  }
}

function makeTable(routes: readonly Route[]): RouteTable<Route> {
  const names = new Set<string>()
  for (const { name } of routes) {
    if (names.has(name)) throw new TypeError(`routes: two are called "${name}"`)
    names.add(name)
  }
  try {
    return new RouteTable(routes)
  } catch (error) {
    if (error instanceof AmbiguousRoutes) throw new TypeError(`routes: ${error.message}`, { cause: error })
    throw error
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const HOST_NAME = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/
const METHOD = /^[A-Z]{1,20}$/
const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@-]+\/?)*$/

function readRoute(
  route: RouteOptions,
  place: string,
  take: (address: string) => Upstream,
  { keys, browser }: GatewayOptions,
): Route {
  const { name, path, hosts = [], methods = [], identity = 'headers', upstreamAudience, audience } = route
  check(NAME.test(name), `${place}.name`, 'must be a short name of letters, digits, "-", "_" and "."')
  const at = `routes "${name}"`
  check(
    PATH.test(path) && !path.includes('/../') && !path.includes('/./'),
    `${at}.path`,
    'must be a path such as "/orders"',
  )
  check(
    !path.toLowerCase().startsWith(OWN_PATH),
    `${at}.path`,
    `must not be below ${OWN_PATH}, which is the gateway's own`,
  )
  for (const host of hosts)
    check(HOST_NAME.test(host), `${at}.hosts`, 'must be names in lower case, such as "api.example.com"')
  for (const method of methods) check(METHOD.test(method), `${at}.methods`, 'must be methods such as "GET"')
  check(
    (identity === 'upstream_token') === (upstreamAudience !== undefined),
    `${at}.upstreamAudience`,
    'belongs to identity "upstream_token", which needs it',
  )
  check(identity !== 'upstream_token' || keys !== undefined, `${at}.identity`, 'needs keys that sign')
  check(route.upstreams.length > 0, `${at}.upstreams`, 'must have at least one address')
  const isPublic = route.access === 'public'
  check(route.browser !== true || browser !== undefined, `${at}.browser`, 'needs the options of browsers')
  check(route.browser !== true || !isPublic, `${at}.browser`, 'is of no use on a public route')
  check(
    !isPublic || identity === 'headers',
    `${at}.identity`,
    'is of no use on a public route: nobody is asked who they are',
  )
  return {
    name,
    hosts,
    path,
    methods,
    isPublic,
    roles: route.roles ?? [],
    strategies: route.strategies ?? [],
    audience,
    onStale: route.onStale,
    maxAuthAgeSeconds: route.maxAuthAgeSeconds,
    identity,
    upstreamAudience,
    isBrowser: route.browser === true,
    balancer: new Balancer(route.upstreams.map((address) => takeUpstream(address, at, take))),
  }
}

function takeUpstream(address: string, place: string, take: (address: string) => Upstream): Upstream {
  try {
    return take(address)
  } catch (error) {
    if (error instanceof TypeError) throw new TypeError(`${place}.upstreams ${error.message}`, { cause: error })
    throw error
  }
}

function check(isRight: boolean, place: string, problem: string): void {
  if (!isRight) throw new TypeError(`${place} ${problem}`)
}

function readOrigin(text: string, place: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  check(
    url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text,
    place,
    'must be an origin, such as "https://api.example.com"',
  )
  return text
}

function readNumbers<Group extends object>(
  place: string,
  defaults: Group,
  given: Partial<Group> | undefined,
  least: number,
): Group {
  const group = { ...defaults }
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined) continue
    check(Object.hasOwn(defaults, name), `${place}.${name}`, 'is no option')
    check(
      Number.isSafeInteger(value) && Number(value) >= least && Number(value) < 2 ** 31,
      `${place}.${name}`,
      `must be a whole number from ${least} on`,
    )
    Object.assign(group, { [name]: value })
  }
  return group
}
