import type { DatabaseSync } from 'node:sqlite'
import type { LogEnds } from '@counterfoil/core'
import { ARCHIVE_TABLES } from './archive-tables.ts'
import type { ArchiveCells, ArchiveTable, ArchiveTableName, CellStatement } from './archive-tables.ts'
import { prepareChange, prepareQuery } from './statements.ts'
import type { Cell } from './statements.ts'

/** The verbs that take up what was copied; each runs inside a transaction that others begin and commit. */
export type ArchiveVerbs = ReturnType<typeof prepareArchiveVerbs>

/** Prepares the verbs that take up what was copied. Their statements are prepared when they are needed, which hardly ever happens. */
export function prepareArchiveVerbs(db: DatabaseSync) {
  return {
    /** Adds rows; or adds none, and answers the key of one that cannot be added. */
    addArchived: (name: ArchiveTableName, rows: readonly ArchiveCells[]): string | undefined =>
      addRows(db, ARCHIVE_TABLES[name], rows),
    /** Makes the log the one that has these ends; false when something has happened in it. */
    becomeLog: (ends: LogEnds): boolean => becomeLog(db, ends),
  }
}

function addRows(db: DatabaseSync, table: ArchiveTable, rows: readonly ArchiveCells[]): string | undefined {
  const { columns, from, key, keyAt, inserts, objection } = table
  const find = prepareQuery<Cell[]>(db, `SELECT ${columns} FROM ${from} WHERE ${key} = ?`)
  const objects = objection && prepareObjection(db, objection)
  const added = new Map<Cell, ArchiveCells>()
  for (const row of rows) {
    const name = row[keyAt] ?? null
    const there = find.first(name) ?? added.get(name)
    const isFree = there === undefined && objects?.(row) !== true
    if (isFree) added.set(name, row)
    else if (there === undefined || !isSame(there, row)) return String(name)
  }
  for (const { sql, takes } of inserts) {
    const insert = prepareChange(db, sql)
    for (const row of added.values()) insert(...takes.map((at) => row[at] ?? null))
  }
  return undefined
}

function prepareObjection(db: DatabaseSync, { sql, takes }: CellStatement): (row: ArchiveCells) => boolean {
  const query = prepareQuery(db, sql)
  return (row) => query.first(...takes.map((at) => row[at] ?? null)) !== undefined
}

function isSame(one: ArchiveCells, other: ArchiveCells): boolean {
  return one.every((cell, at) => {
    const given = other[at] ?? null
    if (!(cell instanceof Uint8Array)) return cell === given
    return given instanceof Uint8Array && Buffer.compare(cell, given) === 0
  })
}

function becomeLog(db: DatabaseSync, { incarnation, position, compacted }: LogEnds): boolean {
  const become = prepareChange(
    db,
    'UPDATE installation SET incarnation = ?1, head = ?2, compacted = ?3 WHERE head = 0 AND compacted = 0',
  )
  const isSame = prepareQuery(db, 'SELECT 1 FROM installation WHERE incarnation = ? AND head = ? AND compacted = ?')
  return become(incarnation, position, compacted) > 0 || isSame.first(incarnation, position, compacted) !== undefined
}
