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
import { askPool, giveBack, takeConnection, transact } from './asking.ts'
import { Batches, type BatchCounts } from './batches.ts'
import type { PostgresListener, PostgresPool } from './client.ts'
import { createDatabase } from './database.ts'
import { createHints } from './hints.ts'
import { migrate } from './migrate.ts'
import { createNodeBoard } from './node-board.ts'
import { openErrorOf } from './open-error.ts'
import { createRevocationLog } from './revocation-log.ts'
import { createSessionStore } from './session-store.ts'
import { createSpentProofs } from './spent-proofs.ts'
import { createAttemptCounters, createFamiliarAddresses } from './throttling.ts'
import { beginTimeline } from './timeline.ts'
import { createWrite } from './transaction.ts'

/** How to open a database. */
export interface PostgresOptions {
  /** A connected `Pool` of `pg`, with a listener for its `error` event: without one, the end of an idle connection ends the process. */
  readonly pool: PostgresPool
  /**
   * Connects a `Client` of `pg` that hears what is notified, directly and not through a pooler. Without it, or while it cannot be had, the
   * database is looked at every 250 ms for what other nodes wrote.
   */
  readonly listener?: (() => Promise<PostgresListener>) | undefined
  /** How many calls may wait for a statement; further ones are turned away. 10,000 unless given. */
  readonly maxWaitingWrites?: number | undefined
  /** Statements of one kind under way at once, while further calls of the kind are gathered for the next. 2 unless given. */
  readonly maxStatementsPerKind?: number | undefined
  /** The operating system's unless given. */
  readonly random?: Random | undefined
}

/** Everything in one database. */
export interface PostgresStores {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  readonly nodes: NodeBoard
  readonly counters: AttemptCounters
  readonly familiar: FamiliarAddresses
  readonly spentProofs: SpentProofs
  /** For copying everything out of the database, or into it. */
  readonly archive: DatabaseArchive
  readonly sessionArchive: SessionArchive
  /** What the server's clock shows, in epoch milliseconds: one that all nodes can agree on. */
  readonly readClock: () => Promise<number>
  /** Counts for metrics. */
  readonly counts: () => BatchCounts
  /** Stops listening. The pool stays open: it belongs to whoever connected it. */
  readonly close: () => Promise<void>
}

/**
 * Opens a database with everything that an installation keeps, and makes its tables where there are none. Any number of nodes may do so at
 * once. What a verb acknowledged is as durable as PostgreSQL makes a commit. Statements are never named and leave nothing behind in a session of
 * PostgreSQL, so that a pooler may give each of them another connection.
 *
 * @throws {PostgresOpenError} made to be printed, when the database cannot be used.
 * @example
 * const pool = new Pool({ connectionString: 'postgres://counterfoil@db.example.com/counterfoil' })
 * pool.on('error', () => undefined)
 * const { database, sessions, log, nodes, close } = await openPostgres({ pool })
 */
export async function openPostgres(options: PostgresOptions): Promise<PostgresStores> {
  const { pool, listener, maxWaitingWrites = 10_000, maxStatementsPerKind = 2, random = systemRandom } = options
  for (const [name, count] of Object.entries({ maxWaitingWrites, maxStatementsPerKind })) {
    if (!Number.isSafeInteger(count) || count < 1) throw new TypeError(`${name} must be a whole number above 0`)
  }
  const ask = askPool(pool)
  const batches = new Batches(ask, { maxWaiting: maxWaitingWrites, maxRunning: maxStatementsPerKind })
  const timeline = await prepare(options, random)
  const hints = createHints(ask, listener)
  const { log, append } = createRevocationLog({ ask, batches, hints, timeline, random })
  return {
    database: createDatabase(ask, batches, createWrite(pool, append, hints)),
    sessions: createSessionStore(pool, ask, batches),
    log,
    nodes: createNodeBoard(ask, hints),
    counters: createAttemptCounters(ask),
    familiar: createFamiliarAddresses(ask, (act) => transact(pool, act)),
    spentProofs: createSpentProofs(batches),
    archive: createDatabaseArchive({ pool, ask }),
    sessionArchive: createSessionArchive({ pool, ask }),
    readClock: async () => Number((await ask(READ_CLOCK))[0]?.[0]),
    counts: () => batches.counts(),
    close: () => hints.close(),
  }
}

const READ_CLOCK = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8'

async function prepare({ pool }: PostgresOptions, random: Random): ReturnType<typeof beginTimeline> {
  try {
    // First as it comes, so that what keeps it from being used is told in its own words.
    giveBack(await takeConnection(pool))
    await migrate(pool)
    return await beginTimeline(askPool(pool), random)
  } catch (error) {
    throw openErrorOf(error)
  }
}
