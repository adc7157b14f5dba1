import type {
  AttemptCounters,
  Clock,
  Database,
  DatabaseArchive,
  FamiliarAddresses,
  NodeBoard,
  RevocationLog,
  SessionArchive,
  SessionStore,
} from '@counterfoil/core'
import { openSqlite } from '@counterfoil/store-sqlite'
import type { Configuration } from '../config/configuration.ts'
import type { Log } from '../terminal/log.ts'

/** Everything that an installation keeps, and that its processes share. */
export interface OpenDatabase {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  readonly nodes: NodeBoard
  readonly counters: AttemptCounters
  readonly familiar: FamiliarAddresses
  /** For copying all of it. */
  readonly archive: DatabaseArchive
  readonly sessionArchive: SessionArchive
  /** What all nodes reckon with, where there may be several machines; a machine alone has its own. */
  readonly clock?: Clock
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
    const { close, ...kept } = await openRedis({
      address: sessionStore,
      unsafelyAcceptLoss: unsafelyAcceptRedisLoss,
      database: opened.database,
      revocations: opened.log,
      log,
    })
    return { ...opened, ...kept, close: () => close().finally(() => opened.close()) }
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
  const { counts: _counts, ...stores } = await openSqlite({ path: address.path })
  return stores
}
