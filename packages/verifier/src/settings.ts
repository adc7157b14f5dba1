import { ROUTES, SIGNING_ALGORITHMS } from '@counterfoil/protocol'
import { isJwsAlgorithm } from './algorithms.ts'
import type { CacheBounds } from './cache.ts'
import type { JwsEngine } from './engine.ts'
import type { Jwk } from './jwk.ts'
import { unref, type AuthorityParts } from './feed/authority.ts'
import type { FollowerSettings } from './feed/follower.ts'
import type { FeedNotice } from './feed/following.ts'
import type { Expectations, OnStale } from './judgement.ts'
import { localKeys, type KeySource } from './local-keys.ts'
import type { VerifierClock, VerifierOptions } from './options.ts'
import { ProofGuard } from './proof/proof-guard.ts'
import { readProofs, readRequired } from './proof/proof-settings.ts'
import { RemoteKeys } from './remote-keys.ts'
import { selectEngine } from './select-engine.ts'
import { selectTransport } from './select-transport.ts'
import { isJsonObject } from './strict-json.ts'
import type { TrustedKeys } from './trusted-keys.ts'
import { readGroup, readNumber, readSafeUrl, readTexts } from './validation.ts'

/** What a verifier goes by. */
export interface Settings {
  readonly expected: Expectations
  readonly algorithms: ReadonlySet<string>
  readonly keys: TrustedKeys
  readonly cache: CacheBounds
  readonly clock: Clocks
  /** Undefined where there is no feed. */
  readonly feed: FeedSettings | undefined
  readonly onStale: OnStale
  readonly proofs: ProofGuard
  readonly requiresProof: boolean
}

/** The clocks of a verifier, complete. */
export type Clocks = Required<VerifierClock>

/** How a verifier follows the log. */
export interface FeedSettings {
  readonly follower: FollowerSettings
  readonly authority: AuthorityParts
  readonly maxRecords: number
  readonly onEvent: (event: FeedNotice) => void
}

const NAMES = [
  'issuer',
  'issuerAddress',
  'audience',
  'algorithms',
  'jwks',
  'leewaySeconds',
  'cache',
  'clock',
  'fetch',
  'engine',
  'feed',
  'onStale',
  'proofs',
]
const FEED_NAMES = ['key', 'mode', 'timeoutMs', 'maxRecords', 'onEvent']
const POLICIES: ReadonlySet<unknown> = new Set(['reject', 'introspect', 'accept'])
const REMOTE_NAMES = ['uri', 'maxAgeSeconds', 'cooldownSeconds', 'staleIfErrorSeconds', 'timeoutMs', 'maxBytes']
const SYSTEM_CLOCK: Clocks = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms)
    unref(timer)
    return () => clearTimeout(timer)
  },
}

function readIssuer(value: unknown): string {
  const issuer = readSafeUrl(value, 'issuer')
  if (/[?#]/.test(issuer)) throw new TypeError('issuer must have neither query nor fragment')
  return issuer
}

/** Where requests to the issuer go, without a slash at the end. */
function readAddress({ issuer, issuerAddress }: VerifierOptions): string {
  const address = issuerAddress === undefined ? issuer : readSafeUrl(issuerAddress, 'issuerAddress')
  if (/[?#]/.test(address)) throw new TypeError('issuerAddress must have neither query nor fragment')
  return address.replace(/\/+$/, '')
}

function readAlgorithms(value: unknown): ReadonlySet<string> {
  const names: unknown = value ?? SIGNING_ALGORITHMS
  if (!Array.isArray(names) || names.length === 0 || !names.every(isJwsAlgorithm)) {
    throw new TypeError('algorithms must be a list of asymmetric JWS algorithms')
  }
  return new Set(names)
}

function readCacheBounds(value: unknown): CacheBounds {
  const { maxBytes, maxEntries } = readGroup(value, 'cache', ['maxBytes', 'maxEntries'])
  return {
    maxBytes: readNumber(maxBytes, 'cache.maxBytes', 32 * 2 ** 20),
    maxEntries: readNumber(maxEntries, 'cache.maxEntries', 100_000),
  }
}

function readClock({ clock }: VerifierOptions): Clocks {
  if (clock === undefined) return SYSTEM_CLOCK
  const { now }: { now?: unknown } = Object(clock)
  if (typeof now !== 'function') throw new TypeError('clock must have a method now')
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic?.() ?? SYSTEM_CLOCK.monotonic(),
    after: (ms, act) => (clock.after === undefined ? SYSTEM_CLOCK.after(ms, act) : clock.after(ms, act)),
  }
}

function readFetch(options: VerifierOptions): typeof fetch {
  const fetch = options.fetch ?? globalThis.fetch
  if (typeof fetch !== 'function') throw new TypeError('fetch must be a function')
  return fetch
}

/** The name of what a route does when the lease is lost. @throws {TypeError} */
export function readOnStale(value: unknown, fallback: OnStale): OnStale {
  if (value === undefined) return fallback
  if (!POLICIES.has(value)) throw new TypeError('onStale must be reject, introspect or accept')
  return value as OnStale
}

function readFeed(options: VerifierOptions): FeedSettings | undefined {
  if (options.feed === undefined || options.feed === false) return undefined
  const given = readGroup(options.feed, 'feed', FEED_NAMES)
  const { key, mode = 'background', onEvent = () => undefined } = given
  if (typeof key !== 'string' || !/^[!-~]+$/.test(key))
    throw new TypeError('feed.key must be the key of this verifier, from the configuration of the server')
  if (mode !== 'background' && mode !== 'on-demand') throw new TypeError('feed.mode must be background or on-demand')
  if (typeof onEvent !== 'function') throw new TypeError('feed.onEvent must be a function')
  const timeoutMs = readNumber(given['timeoutMs'], 'feed.timeoutMs', 2000, 1)
  const issuer = readAddress(options)
  return {
    follower: { mode, timeoutMs },
    authority: { issuer, key, timeoutMs, transport: selectTransport(readFetch(options), options.fetch !== undefined) },
    maxRecords: readNumber(given['maxRecords'], 'feed.maxRecords', 1_000_000),
    onEvent: onEvent as FeedSettings['onEvent'],
  }
}

function readRemoteKeys(options: VerifierOptions, engine: JwsEngine, clock: { now(): number }): TrustedKeys {
  const given = readGroup(options.jwks, 'jwks', REMOTE_NAMES)
  const fetch = readFetch(options)
  const uri = readSafeUrl(given['uri'] ?? readAddress(options) + ROUTES.jwks, 'jwks.uri')
  const timeoutMs = readNumber(given['timeoutMs'], 'jwks.timeoutMs', 5000, 1)
  const maxBytes = readNumber(given['maxBytes'], 'jwks.maxBytes', 2 ** 18, 1)
  const ages = {
    maxAgeMs: readNumber(given['maxAgeSeconds'], 'jwks.maxAgeSeconds', 300, 1) * 1000,
    cooldownMs: readNumber(given['cooldownSeconds'], 'jwks.cooldownSeconds', 30, 1) * 1000,
    staleIfErrorMs: readNumber(given['staleIfErrorSeconds'], 'jwks.staleIfErrorSeconds', 3600) * 1000,
  }
  return new RemoteKeys({ request: { uri, timeoutMs, maxBytes, fetch }, ages, engine, clock })
}

function isKeySource(jwks: unknown): jwks is KeySource {
  return isJsonObject(jwks) && typeof jwks['keys'] === 'function'
}

function readKeys(options: VerifierOptions, engine: JwsEngine, clock: { now(): number }): TrustedKeys {
  const jwks: unknown = options.jwks
  const isRemote = !isJsonObject(jwks) || !('keys' in jwks)
  if (isRemote) return readRemoteKeys(options, engine, clock)
  if (options.fetch !== undefined && !options.feed)
    throw new TypeError('fetch is without effect where jwks holds the keys')
  if (isKeySource(jwks)) return localKeys(jwks, engine)
  const { keys } = readGroup(jwks, 'jwks', ['keys'])
  if (!Array.isArray(keys)) throw new TypeError('jwks.keys must be a list of keys, or a function that returns one')
  const list: readonly Jwk[] = keys
  return localKeys({ keys: () => list }, engine)
}

/** Validates the options of a verifier, once. @throws {TypeError} that names the option. */
export function readSettings(options: VerifierOptions): Settings {
  readGroup(options, 'options', NAMES)
  const expected = {
    issuer: readIssuer(options.issuer),
    audiences: readTexts(options.audience, 'audience'),
    leewayMs: readNumber(options.leewaySeconds, 'leewaySeconds', 5) * 1000,
  }
  const algorithms = readAlgorithms(options.algorithms)
  const clock = readClock(options)
  const cache = readCacheBounds(options.cache)
  const feed = readFeed(options)
  const onStale = readOnStale(options.onStale, 'introspect')
  const keys = readKeys(options, selectEngine(options.engine), clock)
  const proofs = new ProofGuard(readProofs(options, expected, clock))
  return { expected, algorithms, clock, cache, keys, feed, onStale, proofs, requiresProof: readRequired(options) }
}
