import { chmodSync, closeSync, openSync, statSync } from 'node:fs'

/** Makes an empty file that only its owner may read, unless there is a file already. */
export function createPrivately(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
}

/** Whether a write-ahead log lies where its file is missing: SQLite would make something of it, but not what was there. */
export function isOrphaned(path: string): boolean {
  // In this order: a process that is just making the file writes its first page before it begins the log.
  return sizeOf(`${path}-wal`) > 0 && sizeOf(path) === 0
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Takes from everybody but the owner the right to read the file. What SQLite puts beside it has the rights of the file. */
export function makePrivate(path: string): void {
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
}

/**
 * Tells one file from another, also from a copy of it: its number and its birth. A file that was restored from a copy is another
 * one; overwriting the old one in place is the one way of restoring that does not show.
 */
export function identifyFile(path: string): string {
  return identityOf(statSync(path, { bigint: true }))
}

/**
 * Throws unless the path names this file. What is written to one that was moved away would be gone at the next start; and
 * SQLite would take the log that stays behind for that of whatever comes to lie there.
 */
export function requireFile(path: string, file: string): void {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (there === undefined || identityOf(there) !== file) throw new Error('the file was moved away or replaced')
}

function identityOf({ ino, birthtimeNs }: { ino: bigint; birthtimeNs: bigint }): string {
  return `${ino}:${birthtimeNs}`
}
