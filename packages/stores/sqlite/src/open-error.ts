import { SQLITE, sqliteCode } from './failure.ts'

/**
 * Why a file was not opened: written by a newer program, by another program altogether, damaged, not to be written, locked
 * by somebody, out of room, or on a file system that cannot hold it.
 */
export type OpenRefusal = 'newer' | 'foreign' | 'damaged' | 'unwritable' | 'locked' | 'full' | 'unsuitable'

/** Says in one line which file was not opened, why, and what to do about it. Made for people: print `message` as it is. */
export class SqliteOpenError extends Error {
  override readonly name = 'SqliteOpenError'
  readonly reason: OpenRefusal
  readonly path: string

  constructor(path: string, reason: OpenRefusal, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
    this.path = path
  }
}

/** The refusal that an error of the operating system or of SQLite amounts to. */
export function openErrorFor(path: string, error: unknown): SqliteOpenError {
  if (error instanceof SqliteOpenError) return error
  const [reason, message] = explain(path, error)
  return new SqliteOpenError(path, reason, message, { cause: error })
}

function explain(path: string, error: unknown): [OpenRefusal, string] {
  switch (sqliteCode(error) ?? systemCode(error)) {
    case SQLITE.notADatabase:
    case SQLITE.corrupt:
      return ['damaged', damage(path)]
    case SQLITE.busy:
    case SQLITE.locked:
      return ['locked', `${path} is locked by another program: close what has it open, and start again.`]
    case SQLITE.full:
    case 'ENOSPC':
    case 'EDQUOT':
      return ['full', `There is no room left to write ${path}: free some space, or choose another folder.`]
    case 'ENOENT':
      return ['unwritable', `The folder of ${path} does not exist: create it, or choose another one.`]
    case undefined:
    default:
      return [
        'unwritable',
        `${path} cannot be written (${named(error)}): give this user write access to it and to its folder, or choose another path.`,
      ]
  }
}

/** The refusal of a file that is not whole. */
export function damagedFile(path: string): SqliteOpenError {
  return new SqliteOpenError(path, 'damaged', damage(path))
}

/** The refusal of a write-ahead log without the file that it belongs to. */
export function orphanedLog(path: string): SqliteOpenError {
  const message = `${path}-wal is there without the file that it belongs to: put ${path} back beside it, or move it away too.`
  return new SqliteOpenError(path, 'damaged', message)
}

function damage(path: string): string {
  return `${path} is damaged, or no SQLite file: put a backup in its place, or move it away to begin anew.`
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function named(error: unknown): string {
  if (sqliteCode(error) !== undefined && error instanceof Error) return error.message
  return systemCode(error) ?? String(error)
}
