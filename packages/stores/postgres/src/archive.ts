import { ARCHIVE_KEYS, canonicalRow } from '@counterfoil/core'
import type { DatabaseArchive, LogEnds, Section, SessionArchive } from '@counterfoil/core'
import { DATABASE_TABLES, SESSION_TABLES, type ArchiveTable } from './archive-tables.ts'
import { transact } from './asking.ts'
import { columnsOf } from './batches.ts'
import type { Ask, PostgresPool } from './client.ts'
import { storedText } from './text.ts'

/** What the archives work with. */
export interface ArchiveParts {
  readonly pool: PostgresPool
  readonly ask: Ask
}

/** Everything in a database but its sessions. */
export function createDatabaseArchive(parts: ArchiveParts): DatabaseArchive {
  return {
    accounts: sectionOf(parts, DATABASE_TABLES.accounts, ARCHIVE_KEYS.accounts),
    erasedAccounts: sectionOf(parts, DATABASE_TABLES.erasedAccounts, ARCHIVE_KEYS.erasedAccounts),
    applications: sectionOf(parts, DATABASE_TABLES.applications, ARCHIVE_KEYS.applications),
    keys: sectionOf(parts, DATABASE_TABLES.keys, ARCHIVE_KEYS.keys),
    audit: sectionOf(parts, DATABASE_TABLES.audit, ARCHIVE_KEYS.audit),
    revocations: sectionOf(parts, DATABASE_TABLES.revocations, ARCHIVE_KEYS.revocations),
    log: createLogSection(parts),
  }
}

/** The sessions in a database. */
export function createSessionArchive(parts: ArchiveParts): SessionArchive {
  return {
    sessions: sectionOf(parts, SESSION_TABLES.sessions, ARCHIVE_KEYS.sessions),
    floors: sectionOf(parts, SESSION_TABLES.floors, ARCHIVE_KEYS.floors),
  }
}

function sectionOf<Row>(
  { pool, ask }: ArchiveParts,
  table: ArchiveTable<Row>,
  keyOf: (row: Row) => string,
): Section<Row> {
  const { from, select, key, keyType } = table
  const rowsOf = (rows: readonly (readonly unknown[])[]): Row[] => rows.map((cells) => table.rowOf(cells))
  const finding = `SELECT ${select} FROM ${from} WHERE ${key} = ANY($1::${keyType}[])`
  const find = async (asking: Ask, keys: readonly string[]): Promise<Row[]> =>
    keys.length === 0 ? [] : rowsOf(await asking(`${finding} ORDER BY ${key}`, [keys.map(storedText)]))
  const first = keyType === 'text' ? '' : '0'
  return {
    async read(after, limit) {
      const text = `SELECT ${select} FROM ${from} WHERE ${key} > $1::${keyType} ORDER BY ${key} LIMIT $2`
      const rows = rowsOf(await ask(text, [after ?? first, limit]))
      const last = rows.at(-1)
      return { rows, next: last === undefined || rows.length < limit ? undefined : storedText(keyOf(last)) }
    },
    find: (keys) => find(ask, keys),
    write: (rows) =>
      transact(pool, async (asking) => {
        const there = await find(asking, rows.map(keyOf))
        const known = new Map(there.map((row) => [keyOf(row), canonicalRow(row)]))
        const added = new Map<string, Row>()
        for (const row of rows) {
          const text = known.get(keyOf(row))
          if (text === undefined) added.set(keyOf(row), row)
          else if (text !== canonicalRow(row)) return { differs: keyOf(row) }
        }
        return add(asking, table, [...added.values()], keyOf)
      }),
  }
}

/** Adds rows whose keys are free. */
async function add<Row>(
  ask: Ask,
  { columns, cellsOf, objection, inserts }: ArchiveTable<Row>,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): Promise<'written' | { readonly differs: string }> {
  if (rows.length === 0) return 'written'
  const arrays = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ')
  const names = columns.map(([name]) => name).join(', ')
  const given = `WITH given AS (SELECT * FROM unnest(${arrays}) WITH ORDINALITY AS g (${names}, place))`
  const values = columnsOf(rows.map(cellsOf), columns.length)
  if (objection !== undefined) {
    const [refused] = await ask(`${given} SELECT place::int FROM (${objection}) o ORDER BY place LIMIT 1`, values)
    const row = refused && rows[Number(refused[0]) - 1]
    if (row !== undefined) return { differs: keyOf(row) }
  }
  for (const insert of inserts) await ask(`${given} ${insert}`, values)
  return 'written'
}

const ENDS = 'SELECT incarnation, head::float8, compacted::float8 FROM counterfoil_installation'
const BECOME = `UPDATE counterfoil_installation SET incarnation = $1, head = $2, compacted = $3
  WHERE head = 0 AND compacted = 0 RETURNING 1`

function createLogSection({ pool, ask }: ArchiveParts): Section<LogEnds> {
  const readEnds = async (asking: Ask): Promise<LogEnds[]> =>
    (await asking(ENDS)).map(([incarnation, position, compacted]) => ({
      incarnation: String(incarnation),
      position: Number(position),
      compacted: Number(compacted),
    }))
  return {
    read: async () => ({ rows: await readEnds(ask), next: undefined }),
    find: async (keys) => (keys.includes('log') ? readEnds(ask) : []),
    write: (rows) =>
      transact(pool, async (asking) => {
        for (const row of rows) {
          if ((await asking(BECOME, [row.incarnation, row.position, row.compacted])).length > 0) continue
          const [ends] = await readEnds(asking)
          if (canonicalRow(ends) !== canonicalRow(row)) return { differs: 'log' }
        }
        return 'written'
      }),
  }
}
