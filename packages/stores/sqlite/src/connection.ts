import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/** How both connections to a file are set up. */
export interface ConnectionSettings {
  /** Absolute. */
  readonly path: string
  /** How long to wait for another process that is writing, in milliseconds. */
  readonly lockTimeoutMs: number
}

// WAL with synchronous=FULL syncs at every commit. fullfsync makes that reach the disk on macOS, where fsync does not. The page
// size counts when a file is made: a rotation writes one page, and a session is a quarter of one of this size.
const SETTINGS = `
PRAGMA page_size = 2048;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16000;
`

// A log of 16 MB instead of 4: rotations hit pages at random, and each checkpoint, which holds up its commit, writes a page
// once however often it changed.
const WRITER_SETTINGS = `
PRAGMA secure_delete = FAST;
PRAGMA wal_autocheckpoint = 8000;
PRAGMA journal_size_limit = 67108864;
`

/** Opens a file that is there, and changes nothing in it. */
export function connect({ path, lockTimeoutMs }: ConnectionSettings): DatabaseSync {
  const existing = pathToFileURL(path)
  existing.searchParams.set('mode', 'rw')
  const db = new DatabaseSync(existing, {
    timeout: lockTimeoutMs,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
    defensive: true,
    allowExtension: false,
  })
  db.exec(SETTINGS)
  return db
}

/** Opens a file for the one thread that writes to it. `maxFileBytes` bounds its size. */
export function connectWriter(settings: ConnectionSettings, maxFileBytes: number | undefined): DatabaseSync {
  const db = connect(settings)
  db.exec(WRITER_SETTINGS)
  if (maxFileBytes !== undefined) limitSize(db, maxFileBytes)
  // From here on `insist` does the waiting.
  db.exec('PRAGMA busy_timeout = 0')
  return db
}

function limitSize(db: DatabaseSync, maxFileBytes: number): void {
  const size = db.prepare('PRAGMA page_size').get()
  const pageBytes = Number(size?.['page_size'])
  db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxFileBytes / pageBytes))}`)
}
