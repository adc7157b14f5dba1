import { drawId, systemRandom, type Random } from '../../random.ts'
import type { AttemptCounters } from '../../credentials/attempt-counters.ts'
import type { FamiliarAddresses } from '../../credentials/familiar-addresses.ts'
import { MemoryAttemptCounters } from '../../credentials/memory-attempt-counters.ts'
import { MemoryFamiliarAddresses } from '../../credentials/memory-familiar-addresses.ts'
import { MemorySpentProofs } from '../../credentials/memory-spent-proofs.ts'
import type { SpentProofs } from '../../credentials/spent-proofs.ts'
import type { DatabaseArchive, SessionArchive } from '../archive.ts'
import type { Database } from '../database.ts'
import type { NodeBoard } from '../node-board.ts'
import type { RevocationLog } from '../revocation-log.ts'
import type { SessionStore } from '../session-store.ts'
import { createMemoryDatabase } from './database.ts'
import { createMemoryNodeBoard } from './node-board.ts'
import { createMemoryLog } from './revocation-log.ts'
import { createMemorySessionStore } from './session-store.ts'

/** The stores of one installation, in memory. */
export interface MemoryStores {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  readonly nodes: NodeBoard
  readonly counters: AttemptCounters
  readonly familiar: FamiliarAddresses
  readonly spentProofs: SpentProofs
  readonly archive: DatabaseArchive
  readonly sessionArchive: SessionArchive
}

/**
 * Makes the stores in memory, empty: the reference for all others, and for tests. Nothing survives the process. `random` draws the
 * log's incarnation; the operating system's unless given.
 *
 * @example
 * const { database, sessions, log } = createMemoryStores()
 */
export function createMemoryStores({ random = systemRandom }: { readonly random?: Random } = {}): MemoryStores {
  const { log, ...parts } = createMemoryLog(drawId(random))
  return {
    ...createMemoryDatabase(parts),
    ...createMemorySessionStore(),
    log,
    nodes: createMemoryNodeBoard(),
    counters: new MemoryAttemptCounters(),
    familiar: new MemoryFamiliarAddresses(),
    spentProofs: new MemorySpentProofs(),
  }
}
