import type { DatabaseSync } from 'node:sqlite'
import { insist } from './locking.ts'
import { damagedFile, SqliteOpenError } from './open-error.ts'
import { MIGRATIONS } from './schema.ts'
import { prepareQuery, readPragma } from './statements.ts'

/** Stands in the header of every file of ours: `CFoi`, for file(1) and for us. */
const APPLICATION_ID = 0x43466f69

/** Up to this size a file is checked whole when it is opened: a tenth of a second. Damage in larger ones shows when it is read. */
const LARGEST_CHECKED_BYTES = 64 * 1024 * 1024

/**
 * Brings a file to the present schema, each step in a transaction of its own. A file of another program, or of a newer one, is
 * refused as it is. Processes that open a new file at once wait for one another.
 */
export function migrate(db: DatabaseSync, path: string, lockTimeoutMs: number, steps = MIGRATIONS): void {
  requireOurs(db, path, steps.length)
  requireSound(db, path)
  requireWal(db, path, lockTimeoutMs)
  while (takeStep(db, path, lockTimeoutMs, steps)) continue
}

function requireOurs(db: DatabaseSync, path: string, known: number): number {
  const version = Number(readPragma(db, 'user_version'))
  const applicationId = readPragma(db, 'application_id')
  if (applicationId !== APPLICATION_ID && (applicationId !== 0 || version !== 0 || holdsTables(db))) {
    throw new SqliteOpenError(path, 'foreign', `${path} is an SQLite file of another program: choose another path.`)
  }
  if (version > known) {
    const schemas = `schema ${version}; this one knows ${known}`
    throw new SqliteOpenError(
      path,
      'newer',
      `${path} was written by a newer program (${schemas}): start that one, or one newer still.`,
    )
  }
  return version
}

function holdsTables(db: DatabaseSync): boolean {
  return prepareQuery(db, 'SELECT 1 FROM sqlite_schema LIMIT 1').first() !== undefined
}

function requireSound(db: DatabaseSync, path: string): void {
  const bytes = Number(readPragma(db, 'page_count')) * Number(readPragma(db, 'page_size'))
  if (bytes > LARGEST_CHECKED_BYTES || readPragma(db, 'quick_check(1)') === 'ok') return
  throw damagedFile(path)
}

function requireWal(db: DatabaseSync, path: string, lockTimeoutMs: number): void {
  const mode = insist(lockTimeoutMs, () => readPragma(db, 'journal_mode = WAL'))
  if (mode === 'wal') return
  const message = `${path} is on a file system that SQLite cannot share between connections: choose a folder on a local disk.`
  throw new SqliteOpenError(path, 'unsuitable', message)
}

function takeStep(db: DatabaseSync, path: string, lockTimeoutMs: number, steps: readonly string[]): boolean {
  insist(lockTimeoutMs, () => db.exec('BEGIN IMMEDIATE'))
  try {
    const version = requireOurs(db, path, steps.length)
    const step = steps[version]
    if (step !== undefined) {
      db.exec(`${step}; PRAGMA user_version = ${version + 1}; PRAGMA application_id = ${APPLICATION_ID}`)
    }
    db.exec('COMMIT')
    return step !== undefined
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK')
  }
}
