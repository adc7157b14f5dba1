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
  SpentProofs,
} from '@counterfoil/core'

/** Everything that an installation keeps, and that its processes share. */
export interface OpenDatabase {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  readonly nodes: NodeBoard
  readonly counters: AttemptCounters
  readonly familiar: FamiliarAddresses
  readonly spentProofs: SpentProofs
  /** For copying all of it. */
  readonly archive: DatabaseArchive
  readonly sessionArchive: SessionArchive
  /** What all nodes reckon with, where there may be several machines; a machine alone has its own. */
  readonly clock?: Clock
  /** Resolves when nothing is open any more. */
  readonly close: () => Promise<void>
}
