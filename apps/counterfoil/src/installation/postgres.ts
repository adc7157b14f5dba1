import { systemClock } from '@counterfoil/core'
import { openPostgres, PostgresOpenError, type PostgresListener } from '@counterfoil/store-postgres'
import { Client, Pool, type ClientConfig } from 'pg'
import { showPostgresUrl } from '../config/postgres-url.ts'
import type { Log } from '../terminal/log.ts'
import { AgreedClock } from './agreed-clock.ts'
import type { OpenDatabase } from './open-database.ts'
import { RenewingPool } from './renewing-pool.ts'
import { reasonOf, StoreFailure } from './unreachable.ts'

/** How long a connection may take to be made, or to become free. */
const CONNECT_MS = 5000

/** How long a statement may take until nobody waits for it any more. */
const STATEMENT_MS = 5000

/** Connections are made anew after so long, so that they follow a name that leads elsewhere by now. */
const LIFE_SECONDS = 1800

/** What connecting to PostgreSQL takes. */
export interface PostgresParts {
  readonly url: string
  /** How many there may be at most. */
  readonly connections: number
  /** Whether they lead to a pooler, which passes no notifications on. */
  readonly isPooled: boolean
  readonly log: Log
}

/** Connects to PostgreSQL, and opens everything that is in it. @throws {StoreFailure} */
export async function openPostgresStores({ url, connections, isPooled, log }: PostgresParts): Promise<OpenDatabase> {
  const config = configFor(url)
  const pool = new RenewingPool(() => makePool(config, connections, log), isSilence)
  try {
    // First as it comes, so that what is in the way is told in its own words.
    ;(await pool.connect()).release()
    const {
      close,
      counts: _counts,
      readClock,
      ...stores
    } = await openPostgres({
      pool,
      listener: isPooled ? undefined : () => connectListener(config),
    })
    const clock = await AgreedClock.open({
      own: systemClock,
      read: readClock,
      warn: (message) => log.logger.warn(message),
    })
    return {
      ...stores,
      clock,
      close: async () => {
        clock.close()
        await close()
        await pool.end()
      },
    }
  } catch (error) {
    await pool.end()
    throw failureOf(error, url)
  }
}

function makePool(config: ClientConfig, connections: number, { logger }: Log): Pool {
  const pool = new Pool({
    ...config,
    max: connections,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: LIFE_SECONDS,
  })
  // Without a listener, the end of an idle connection would end the process.
  pool.on('error', (error) => logger.debug({ err: error }, 'a connection to PostgreSQL was lost'))
  return pool
}

/** What `pg` says when `query_timeout` has passed. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

function configFor(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'counterfoil',
    connectionTimeoutMillis: CONNECT_MS,
    // Kept here and not by the server: a pooler between refuses to be told.
    query_timeout: STATEMENT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
  }
}

/** A connection that hears what is notified. */
async function connectListener(config: ClientConfig): Promise<PostgresListener> {
  const client = new Client(config)
  client.on('error', () => undefined)
  await client.connect()
  return client
}

function failureOf(error: unknown, url: string): unknown {
  const place = `database: ${showPostgresUrl(url)} cannot be used`
  if (error instanceof PostgresOpenError)
    return new StoreFailure(`${place}: ${error.message}`, error.refusal === 'unreachable')
  const { says, mayPass } = reasonOf(error)
  return new StoreFailure(`${place}: ${says}`, mayPass)
}
