import type {
  ApplicationSettings,
  AttemptCounters,
  Clock,
  Database,
  FamiliarAddresses,
  NodeBoard,
  Policy,
  Random,
  RevocationLog,
  SessionStore,
  SpentProofs,
} from '@counterfoil/core'
import type { FastifyBaseLogger } from 'fastify'
import type { LoggerOptions } from 'pino'
import { PAGES_APPLICATION } from './pages/site.ts'
import type { PagesSettings } from './pages/theme.ts'

/** A party that may follow the revocation log and introspect any credential. */
export interface VerifierSettings {
  readonly name: string
  /** What it proves itself with; at least 128 bits drawn at random. */
  readonly key: string
}

/** What a server is made of: connected stores and settings. */
export interface ServerOptions {
  /** The issuer URL, to the letter as tokens carry it: https, or http on the loopback; no query, fragment or slash at its end. */
  readonly issuer: string
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  /** Where the nodes of this installation hear of one another. Default: this is the only one. */
  readonly nodes?: NodeBoard
  /** Counts attempts, for all nodes together where it is shared. Default: in process memory, forgotten with the process. */
  readonly counters?: AttemptCounters
  /** Where accounts have signed in from, shared likewise. Default: in process memory. */
  readonly familiar?: FamiliarAddresses
  /**
   * Which proofs of possession have been used, for all nodes together where it is shared. Default: in process memory, so that a proof that somebody has
   * caught is good once more at each other node, and after a restart.
   */
  readonly spentProofs?: SpentProofs
  /** Keys are encrypted under it in the database. At least 32 bytes. */
  readonly secret: Uint8Array
  readonly policy: Policy
  /** Declared when the server is made; those that are there already keep their generation. */
  readonly applications: readonly ApplicationSettings[]
  /** Who may follow the log and introspect. Default: none. */
  readonly verifiers?: readonly VerifierSettings[]
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[]
  /**
   * Origins at which clients reach the gateways that ask `/verify`, such as `https://api.example.com`. A token that is bound to a key is taken there for what was asked
   * for at one of them: list an origin only where its gateway sets `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`, all four, in place of what the client sent.
   * Default: none, and no such token is taken there.
   */
  readonly gatewayOrigins?: readonly string[]
  /** Whether anybody may make an account. Default `open`. */
  readonly signUp?: 'open' | 'closed'
  /** How the pages for people look, or `false` for none. Default: they are there, and look plain. */
  readonly pages?: PagesSettings | false
  /** Options of pino, or a logger, which then masks by itself what should never come to it. Default: nothing is logged. */
  readonly logger?: LoggerOptions | FastifyBaseLogger | false
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the operating system's. */
  readonly random?: Random
}

const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * The issuer URL taken apart.
 *
 * @throws {TypeError} when it is not one that tokens can carry to the letter (RFC 8414 §2).
 */
export function readIssuer(issuer: string): URL {
  if (!URL.canParse(issuer)) throw new TypeError('issuer: must be a URL')
  const url = new URL(issuer)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw new TypeError('issuer: must be https, or http on the loopback')
  if (/[?#]/.test(issuer) || url.username !== '' || url.password !== '')
    throw new TypeError('issuer: must have no query, fragment or user')
  if (issuer.endsWith('/') || url.href.replace(/\/$/, '') !== issuer)
    throw new TypeError('issuer: must be in its canonical form, without a slash at its end')
  return url
}

const SEEN_CHARACTERS = /^[\x21-\x7e]{1,128}$/

function refuseTwins(values: readonly string[], what: string): void {
  if (new Set(values).size < values.length) throw new TypeError(`${what}: must differ from one another`)
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}

/**
 * Refuses options that cannot be served.
 *
 * @throws {TypeError} naming the option.
 */
export function checkOptions({ applications, verifiers = [], gatewayOrigins = [] }: ServerOptions): void {
  if (applications.length === 0) throw new TypeError('applications: must name at least one')
  if (applications.some(({ id }) => id === PAGES_APPLICATION.id))
    throw new TypeError(`applications: ${PAGES_APPLICATION.id} is the server's own`)
  for (const { id, origins } of applications) {
    // The id goes into headers, and into HTTP Basic before a colon.
    if (!SEEN_CHARACTERS.test(id)) throw new TypeError('applications: an id is 1 to 128 visible ASCII characters')
    for (const origin of origins) {
      if (!isOrigin(origin))
        throw new TypeError(`applications: ${origin} is not an origin such as https://app.example.com`)
    }
  }
  for (const origin of gatewayOrigins) {
    if (!isOrigin(origin) || !/^https?:/.test(origin))
      throw new TypeError(`gatewayOrigins: ${origin} is not an origin such as https://api.example.com`)
  }
  refuseTwins(
    applications.map(({ id }) => id),
    'applications: ids',
  )
  refuseTwins(
    verifiers.map(({ name }) => name),
    'verifiers: names',
  )
  refuseTwins(
    verifiers.map(({ key }) => key),
    'verifiers: keys',
  )
  if (verifiers.some(({ name, key }) => name === '' || key === ''))
    throw new TypeError('verifiers: need a name and a key')
}
