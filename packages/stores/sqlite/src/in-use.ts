import { connect } from './connection.ts'
import { SQLITE, sqliteCode } from './failure.ts'
import { openErrorFor } from './open-error.ts'

/**
 * Whether another process has this file open; `false` for one that is not there. It tells only of this moment.
 *
 * @throws {SqliteOpenError} when the file cannot be used.
 */
export function isInUse(path: string): boolean {
  try {
    const db = connect({ path, lockTimeoutMs: 0 })
    try {
      // Whoever has a file with a write-ahead log open holds a shared lock on it all the time.
      db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK')
      return false
    } finally {
      db.close()
    }
  } catch (error) {
    const code = sqliteCode(error)
    if (code === SQLITE.busy || code === SQLITE.locked) return true
    if (code === CANNOT_OPEN) return false
    throw openErrorFor(path, error)
  }
}

/** https://sqlite.org/rescode.html#cantopen */
const CANNOT_OPEN = 14
