import { MemoryDatabase } from './memory-database.ts'
import { MemoryRevocationLog } from './memory-revocation-log.ts'
import { MemorySessionStore } from './memory-session-store.ts'

/**
 * All three stores in process memory: the reference of their contracts, and the `memory` profile. Nothing outlives the process.
 *
 * @example
 * const { database, sessions, log } = createMemoryStores()
 */
export function createMemoryStores(): {
  readonly database: MemoryDatabase
  readonly sessions: MemorySessionStore
  readonly log: MemoryRevocationLog
} {
  const log = new MemoryRevocationLog()
  return { database: new MemoryDatabase(log), sessions: new MemorySessionStore(), log }
}
