import type {
  AttemptCounters,
  Database,
  FamiliarAddresses,
  NodeBoard,
  RevocationLog,
  SessionStore,
} from '@counterfoil/core'
import { openSqlite } from '@counterfoil/store-sqlite'
import type { Configuration } from '../config/configuration.ts'
import type { Log } from '../terminal/log.ts'

/** What several processes need of one another. */
export interface SharedStores {
  readonly nodes: NodeBoard
  readonly counters: AttemptCounters
  readonly familiar: FamiliarAddresses
}

/** A database and what comes with it. PostgreSQL has what several processes share; a file has not. */
export interface OpenDatabase extends Partial<SharedStores> {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  /** Resolves when nothing is open any more. */
  close(): Promise<void>
}

/** What of a configuration is about stores. */
export type StoreSettings = Pick<
  Configuration,
  'database' | 'databaseConnections' | 'databasePooled' | 'sessionStore' | 'unsafelyAcceptRedisLoss'
>

/**
 * Opens the stores that a configuration names: here, and nowhere else, drivers are chosen.
 *
 * @throws {StoreFailure} when one cannot be used.
 * @throws {SqliteOpenError}
 */
export async function openStores(settings: StoreSettings, log: Log): Promise<OpenDatabase> {
  const { sessionStore, unsafelyAcceptRedisLoss } = settings
  const opened = await openDatabase(settings, log)
  if (sessionStore.kind === 'database') return opened
  try {
    // Drivers are loaded where they are used: whoever has one file starts without them.
    const { openRedis } = await import('./redis.ts')
    const { sessions, close } = await openRedis({
      address: sessionStore,
      unsafelyAcceptLoss: unsafelyAcceptRedisLoss,
      database: opened.database,
      revocations: opened.log,
      log,
    })
    return { ...opened, sessions, close: () => close().finally(() => opened.close()) }
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function openDatabase(settings: StoreSettings, log: Log): Promise<OpenDatabase> {
  const { database: address, databaseConnections: connections, databasePooled: isPooled } = settings
  if (address.kind === 'postgres') {
    const { openPostgresStores } = await import('./postgres.ts')
    return openPostgresStores({ url: address.url, connections, isPooled, log })
  }
  const { database, sessions, log: revocations, close } = await openSqlite({ path: address.path })
  return { database, sessions, log: revocations, close }
}
