import { resolve } from 'node:path'
import type { ApplicationSettings, Policy } from '@counterfoil/core'
import type { PagesSettings, VerifierSettings } from '@counterfoil/server'
import { DEFAULT_APPLICATIONS, readApplications } from './applications.ts'
import { givenInEnvironment, givenInFile, type GivenSettings } from './given.ts'
import { defaultIssuer, readIssuer, readListen, readOrigins, readTrustedProxies, type Listen } from './network.ts'
import { readPages } from './pages.ts'
import { readPolicy } from './policy.ts'
import { SETTINGS, type LOG_LEVELS, type SettingName, type SettingValue } from './settings.ts'
import { checkShape } from './shape.ts'
import { readDatabase, readSecret, readSessionStore, type DatabaseAddress, type SessionStoreAddress } from './stores.ts'
import { parseToml } from './toml.ts'
import { readVerifiers } from './verifiers.ts'

/** What is in force, checked. */
export interface Configuration {
  readonly issuer: string
  readonly listen: Listen
  /** Absolute. */
  readonly dataDir: string
  readonly database: DatabaseAddress
  /** Connections to PostgreSQL that each process may have. */
  readonly databaseConnections: number
  /** Whether `database` leads to a pooler, through which nothing is notified. */
  readonly databasePooled: boolean
  readonly sessionStore: SessionStoreAddress
  /** Whether a Redis that may lose sessions on its own is taken all the same. */
  readonly unsafelyAcceptRedisLoss: boolean
  /** Undefined: the file in `dataDir` has it, with SQLite. */
  readonly secret: Uint8Array | undefined
  readonly trustedProxies: readonly string[]
  /** Where clients reach gateways that ask `/verify` and say themselves what was asked for. */
  readonly gatewayOrigins: readonly string[]
  /** How many processes serve. */
  readonly workers: number
  /** How long the server goes on after it was told to stop, so that those who spread requests notice. */
  readonly drainSeconds: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
  readonly signUp: 'open' | 'closed'
  /** How the pages for people look; `false`: there are none. */
  readonly pages: PagesSettings | false
  readonly policy: Policy
  readonly applications: readonly ApplicationSettings[]
  readonly verifiers: readonly VerifierSettings[]
  /** The file or the variable that gave a setting, by its name; what is not there has its default. */
  readonly sources: ReadonlyMap<string, string>
}

/** Where settings come from. */
export interface ConfigurationSources {
  readonly file?: { readonly name: string; readonly text: string } | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Relative paths start here. */
  readonly directory: string
}

/**
 * The configuration that a file and the environment make; the environment wins.
 *
 * @throws {SettingError} for the first setting that is wrong.
 * @example
 * const configuration = readConfiguration({ environment: process.env, directory: process.cwd() })
 */
export function readConfiguration({ file, environment, directory }: ConfigurationSources): Configuration {
  const given: GivenSettings = new Map([
    ...(file === undefined ? [] : givenInFile(parseToml(file.text, file.name), file.name)),
    ...givenInEnvironment(environment),
  ])
  const policy = readPolicy(given)
  const listen = take(given, 'listen', readListen) ?? { host: '127.0.0.1', port: 7500 }
  const dataDir = resolve(directory, take(given, 'data_dir', asIs) ?? 'data')
  const inDataDir = (text: string, place: string): DatabaseAddress => readDatabase(text, place, dataDir)
  const database = take(given, 'database', inDataDir) ?? {
    kind: 'sqlite',
    path: resolve(dataDir, 'counterfoil.db'),
  }
  return {
    issuer: take(given, 'issuer', readIssuer) ?? defaultIssuer(listen),
    listen,
    dataDir,
    database,
    databaseConnections: take(given, 'database_connections', asIs) ?? 10,
    databasePooled: take(given, 'database_pooled', asIs) ?? false,
    sessionStore: take(given, 'session_store', readSessionStore) ?? { kind: 'database' },
    unsafelyAcceptRedisLoss: take(given, 'unsafely_accept_redis_loss', asIs) ?? false,
    secret: take(given, 'secret', readSecret),
    trustedProxies: take(given, 'trusted_proxies', readTrustedProxies) ?? [],
    gatewayOrigins: take(given, 'gateway_origins', readOrigins) ?? [],
    workers: take(given, 'workers', asIs) ?? 1,
    drainSeconds: take(given, 'drain_seconds', asIs) ?? (database.kind === 'postgres' ? 5 : 0),
    logLevel: take(given, 'log_level', asIs) ?? 'info',
    signUp: take(given, 'sign_up', asIs) ?? 'open',
    pages: take(given, 'pages', (table, place) => readPages(table, place, directory)) ?? {},
    policy,
    applications:
      take(given, 'applications', (tables, place) => readApplications(tables, place, policy)) ?? DEFAULT_APPLICATIONS,
    verifiers: take(given, 'verifiers', readVerifiers) ?? [],
    sources: new Map([...given].map(([name, { source }]) => [name, source])),
  }
}

const asIs = <Value>(value: Value): Value => value

/** What was given for a setting, read; undefined where nothing was. */
function take<Name extends SettingName, Result>(
  given: GivenSettings,
  name: Name,
  read: (value: SettingValue<Name>, place: string) => Result,
): Result | undefined {
  const found = given.get(name)
  if (found === undefined) return undefined
  return read(checkShape(SETTINGS[name].schema, found.value, found.place) as SettingValue<Name>, found.place)
}
