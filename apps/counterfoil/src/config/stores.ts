import { resolve } from 'node:path'
import { readPostgresUrl, showPostgresUrl } from './postgres-url.ts'
import { readRedisUrl, showRedis, type RedisAddress } from './redis-url.ts'
import { SettingError } from './setting-error.ts'

/** Where accounts, keys and the log of revocations are. */
export type DatabaseAddress =
  /** `path` is absolute. */
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string }

/** Where live sessions are. */
export type SessionStoreAddress = { readonly kind: 'database' } | RedisAddress

const schemeOf = (text: string): string => /^([a-z+]+):/i.exec(text)?.[1]?.toLowerCase() ?? ''

/**
 * A PostgreSQL database, or an SQLite file, in `dataDir` unless its path is absolute. What is wrong is told without the text, which
 * may hold a password.
 *
 * @throws {SettingError}
 */
export function readDatabase(text: string, place: string, dataDir: string): DatabaseAddress {
  if (/^postgres(ql)?$/.test(schemeOf(text))) return { kind: 'postgres', url: readPostgresUrl(text, place) }
  const file = /^sqlite:([^:].*)$/.exec(text)?.[1]
  if (file !== undefined && !/^\/\/|\/$|^file:/.test(file)) return { kind: 'sqlite', path: resolve(dataDir, file) }
  throw new SettingError(
    place,
    'must be "sqlite:" and a file name, such as "sqlite:counterfoil.db", or "postgres://user:password@host/database"',
  )
}

/** Where sessions are kept: with the rest, or in Redis or Valkey. @throws {SettingError} */
export function readSessionStore(text: string, place: string): SessionStoreAddress {
  if (text === 'database') return { kind: 'database' }
  if (/^(redis|valkey)s?(\+\w+)?$/.test(schemeOf(text))) return readRedisUrl(text, place)
  throw new SettingError(
    place,
    'must be "database", or "redis://host:port", "redis+cluster://a:port,b:port" or "redis+sentinel://a:port,b:port/name"',
  )
}

/** The database as the configuration writes it, without its password. */
export function showDatabase(address: DatabaseAddress): string {
  return address.kind === 'sqlite' ? `sqlite:${address.path}` : showPostgresUrl(address.url)
}

/** The session store as the configuration writes it, without its passwords. */
export function showSessionStore(address: SessionStoreAddress): string {
  return address.kind === 'database' ? address.kind : showRedis(address)
}

/** The installation's secret. @throws {SettingError} */
export function readSecret(text: string, place: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length >= 32) return bytes
  throw new SettingError(place, 'must be at least 32 bytes; this makes a good one: openssl rand -base64 32')
}
