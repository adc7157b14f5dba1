import type { DatabaseSync } from 'node:sqlite'

/** A value in a column, as it is bound and read. */
export type Cell = string | number | null | Uint8Array

/** A prepared statement that answers rows. */
export interface Query<Row extends readonly Cell[]> {
  first(...cells: Cell[]): Row | undefined
  all(...cells: Cell[]): Row[]
}

/** Prepares a statement that answers rows, each an array in the order of its columns. The caller names their types: STRICT tables hold them to it. */
export function prepareQuery<Row extends readonly Cell[]>(db: DatabaseSync, sql: string): Query<Row> {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return {
    first: (...cells) => asRow<Row | undefined>(statement.get(...cells)),
    all: (...cells) => asRow<Row[]>(statement.all(...cells)),
  }
}

/** Prepares a statement that changes rows; it answers how many. */
export function prepareChange(db: DatabaseSync, sql: string): (...cells: Cell[]) => number {
  const statement = db.prepare(sql)
  return (...cells) => Number(statement.run(...cells).changes)
}

/** What a pragma answers, or undefined when it answers nothing. */
export function readPragma(db: DatabaseSync, pragma: string): Cell | undefined {
  return prepareQuery<[Cell]>(db, `PRAGMA ${pragma}`).first()?.[0]
}

/** JSON that this store wrote itself. Throws when it is JSON no more, without telling what it is instead. */
export function parseColumn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('a column does not hold the JSON that was written there')
  }
}

function asRow<Row>(found: unknown): Row {
  return found as Row
}
