import { ROUTES, SIGNING_ALGORITHMS } from '@counterfoil/protocol'
import { isJwsAlgorithm } from './algorithms.ts'
import type { CacheBounds } from './cache.ts'
import type { JwsEngine } from './engine.ts'
import type { Jwk } from './jwk.ts'
import type { Expectations } from './judgement.ts'
import { localKeys, type KeySource } from './local-keys.ts'
import type { VerifierOptions } from './options.ts'
import { RemoteKeys } from './remote-keys.ts'
import { selectEngine } from './select-engine.ts'
import { isJsonObject } from './strict-json.ts'
import type { TrustedKeys } from './trusted-keys.ts'
import { readGroup, readNumber, readSafeUrl, readTexts } from './validation.ts'

/** What a verifier goes by. */
export interface Settings {
  readonly expected: Expectations
  readonly algorithms: ReadonlySet<string>
  readonly keys: TrustedKeys
  readonly cache: CacheBounds
  readonly clock: { now(): number }
}

const NAMES = ['issuer', 'audience', 'algorithms', 'jwks', 'leewaySeconds', 'cache', 'clock', 'fetch', 'engine']
const REMOTE_NAMES = ['uri', 'maxAgeSeconds', 'cooldownSeconds', 'staleIfErrorSeconds', 'timeoutMs', 'maxBytes']
const SYSTEM_CLOCK = { now: (): number => Date.now() }

function readIssuer(value: unknown): string {
  const issuer = readSafeUrl(value, 'issuer')
  if (/[?#]/.test(issuer)) throw new TypeError('issuer must have neither query nor fragment')
  return issuer
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

function readClock({ clock }: VerifierOptions): { now(): number } {
  if (clock === undefined) return SYSTEM_CLOCK
  const { now }: { now?: unknown } = Object(clock)
  if (typeof now !== 'function') throw new TypeError('clock must have a method now')
  return clock
}

function readRemoteKeys(options: VerifierOptions, engine: JwsEngine, clock: { now(): number }): TrustedKeys {
  const given = readGroup(options.jwks, 'jwks', REMOTE_NAMES)
  const fetch = options.fetch ?? globalThis.fetch
  if (typeof fetch !== 'function') throw new TypeError('fetch must be a function')
  const uri = readSafeUrl(given['uri'] ?? options.issuer.replace(/\/+$/, '') + ROUTES.jwks, 'jwks.uri')
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
  if (options.fetch !== undefined) throw new TypeError('fetch is without effect where jwks holds the keys')
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
  return { expected, algorithms, clock, cache, keys: readKeys(options, selectEngine(options.engine), clock) }
}
