import { drawId, systemRandom, type Random } from '../../random.ts'
import type { Database } from '../database.ts'
import type { RevocationLog } from '../revocation-log.ts'
import type { SessionStore } from '../session-store.ts'
import { createMemoryDatabase } from './database.ts'
import { createMemoryLog } from './revocation-log.ts'
import { createMemorySessionStore } from './session-store.ts'

/** The three stores of one installation, in memory. */
export interface MemoryStores {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
}

/**
 * Makes the three stores in memory, empty: the reference for all others, and for tests. Nothing survives the process. `random` draws the
 * log's incarnation; the operating system's unless given.
 *
 * @example
 * const { database, sessions, log } = createMemoryStores()
 */
export function createMemoryStores({ random = systemRandom }: { readonly random?: Random } = {}): MemoryStores {
  const { log, appendNow } = createMemoryLog(drawId(random))
  return { database: createMemoryDatabase(appendNow), sessions: createMemorySessionStore(), log }
}
