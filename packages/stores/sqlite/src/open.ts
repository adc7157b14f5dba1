import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { systemRandom } from '@counterfoil/core'
import type {
  AttemptCounters,
  Database,
  DatabaseArchive,
  FamiliarAddresses,
  NodeBoard,
  Random,
  RevocationLog,
  SessionArchive,
  SessionStore,
  SpentProofs,
} from '@counterfoil/core'
import { createDatabaseArchive, createSessionArchive } from './archive.ts'
import { createAttemptCounters } from './attempt-counters.ts'
import { connect } from './connection.ts'
import { createDatabase } from './database.ts'
import { createFamiliarAddresses } from './familiar-addresses.ts'
import { createPrivately, identifyFile, isOrphaned, makePrivate } from './file.ts'
import { GroupCommit } from './group-commit.ts'
import type { WriteCounts } from './group-commit.ts'
import { beginIncarnation } from './incarnation.ts'
import { migrate } from './migrate.ts'
import { createNodeBoard } from './node-board.ts'
import { openErrorFor, orphanedLog } from './open-error.ts'
import { createReader } from './reader.ts'
import { createRevocationLog } from './revocation-log.ts'
import { createSessionStore } from './session-store.ts'
import { createSpentProofs } from './spent-proofs.ts'
import { watchGrowth } from './watch.ts'

/** How to open a file. */
export interface SqliteOptions {
  /** Where the file is, or is to be; its folder must be there. */
  readonly path: string
  /** How many writes may wait for their commit; further ones are turned away. 10,000 unless given. */
  readonly maxWaitingWrites?: number | undefined
  /** How long a transaction waits for another process that is writing, in milliseconds. 5,000 unless given. */
  readonly lockTimeoutMs?: number | undefined
  /** The size beyond which the file does not grow: writes that need more room are refused. Unbounded unless given. */
  readonly maxFileBytes?: number | undefined
  /** The operating system's unless given. */
  readonly random?: Random | undefined
}

/** The stores of one installation in one file. */
export interface SqliteStores {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  /** For the processes that have the file open; each is a node. */
  readonly nodes: NodeBoard
  readonly counters: AttemptCounters
  readonly familiar: FamiliarAddresses
  readonly spentProofs: SpentProofs
  /** For copying everything out of the file, or into it. */
  readonly archive: DatabaseArchive
  readonly sessionArchive: SessionArchive
  /** Counts for metrics. */
  readonly counts: () => WriteCounts
  /** Resolves when the writes that wait are done with and the file is closed. */
  readonly close: () => Promise<void>
}

/** How long a read waits while another process repairs the file after a crash: reads are made on the event loop. */
const READ_LOCK_TIMEOUT_MS = 250

/**
 * Opens a file with accounts, sessions and the revocation log, and makes it when there is none. Several processes may have it open,
 * on one machine. What a verb acknowledged is durable. Throws `SqliteOpenError`, made to be printed, when the file cannot be used.
 *
 * @example
 * const { database, sessions, log, close } = await openSqlite({ path: 'data/counterfoil.db' })
 */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStores> {
  const { random = systemRandom, maxWaitingWrites = 10_000, lockTimeoutMs = 5_000, maxFileBytes } = options
  requireCounts({ maxWaitingWrites, lockTimeoutMs, maxFileBytes })
  const path = resolve(options.path)
  const db = openFile(path, lockTimeoutMs, random)
  try {
    const logWatch = watchGrowth(db, 'SELECT head FROM installation')
    const boardWatch = watchGrowth(db, 'SELECT reports FROM installation')
    const file = identifyFile(path)
    const reader = createReader(db)
    const onCommit = (head: number) => {
      reader.moveOn()
      logWatch.notice(head)
    }
    const group = await GroupCommit.open({ path, file, lockTimeoutMs, maxFileBytes, maxWaitingWrites, onCommit })
    const close = async () => {
      await group.close()
      logWatch.close()
      boardWatch.close()
      if (db.isOpen) db.close()
    }
    return {
      database: createDatabase(reader, group),
      sessions: createSessionStore(reader, group),
      log: createRevocationLog(reader, group, logWatch),
      nodes: createNodeBoard(reader, group, boardWatch),
      counters: createAttemptCounters(group),
      familiar: createFamiliarAddresses(reader, group),
      spentProofs: createSpentProofs(group),
      archive: createDatabaseArchive({ reader, group }),
      sessionArchive: createSessionArchive({ reader, group }),
      counts: () => group.counts(),
      close,
    }
  } catch (error) {
    db.close()
    throw openErrorFor(path, error)
  }
}

function openFile(path: string, lockTimeoutMs: number, random: Random): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    if (isOrphaned(path)) throw orphanedLog(path)
    createPrivately(path)
    db = connect({ path, lockTimeoutMs })
    migrate(db, path, lockTimeoutMs)
    makePrivate(path)
    beginIncarnation(db, path, lockTimeoutMs, random)
    db.exec(`PRAGMA query_only = ON; PRAGMA busy_timeout = ${READ_LOCK_TIMEOUT_MS}`)
    return db
  } catch (error) {
    db?.close()
    throw openErrorFor(path, error)
  }
}

function requireCounts(counts: Readonly<Record<string, number | undefined>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 1)) {
      throw new TypeError(`${name} must be a whole number above 0`)
    }
  }
}
