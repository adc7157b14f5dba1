import { openSqlite } from '@counterfoil/store-sqlite'
import type { Configuration } from '../config/configuration.ts'
import type { Log } from '../terminal/log.ts'
import type { OpenDatabase } from './open-database.ts'

export type { OpenDatabase } from './open-database.ts'

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
    const closeBoth = async (): Promise<void> => {
      await close()
      await opened.close()
    }
    return { ...opened, ...kept, close: closeBoth }
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
