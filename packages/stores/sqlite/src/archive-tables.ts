import { ACCOUNT_COLUMNS, AUDIT_COLUMNS, KEY_COLUMNS } from './database-rows.ts'
import { SESSION_COLUMNS } from './session-row.ts'
import type { Cell } from './statements.ts'

/** A statement that takes some of a row's cells, by their places. */
export interface CellStatement {
  readonly sql: string
  readonly takes: readonly number[]
}

/** How a section of an archive lies in the file: each row is as many cells as there are columns. */
export interface ArchiveTable {
  readonly columns: string
  readonly from: string
  readonly key: string
  /** The place of the key among the columns. */
  readonly keyAt: number
  readonly isNumbered: boolean
  /** Finds something for which a row whose key is free cannot be added. */
  readonly objection?: CellStatement
  readonly inserts: readonly CellStatement[]
}

/** A row between the threads. */
export type ArchiveCells = readonly Cell[]

const places = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

function insertInto(table: string, columns: string): CellStatement {
  const takes = places(columns.split(',').length)
  return { sql: `INSERT INTO ${table} (${columns}) VALUES (${takes.map(() => '?').join(', ')})`, takes }
}

function tableOf(from: string, columns: string, more: Partial<ArchiveTable> = {}): ArchiveTable {
  const inserts = [insertInto(from, columns)]
  return { columns, from, key: 'id', keyAt: 0, isNumbered: false, inserts, ...more }
}

const ATTRIBUTES_AT = SESSION_COLUMNS.split(',').length

/** The sections of which there is a table. */
export const ARCHIVE_TABLES = {
  accounts: tableOf('accounts', `${ACCOUNT_COLUMNS}, canonical_email`, {
    objection: {
      sql: 'SELECT 1 FROM accounts WHERE canonical_email = ?1 UNION ALL SELECT 1 FROM erased_accounts WHERE id = ?2',
      takes: [ACCOUNT_COLUMNS.split(',').length, 0],
    },
  }),
  erasedAccounts: tableOf('erased_accounts', 'id', {
    objection: { sql: 'SELECT 1 FROM accounts WHERE id = ?', takes: [0] },
  }),
  applications: tableOf('applications', 'id, settings, generation'),
  keys: tableOf('keys', KEY_COLUMNS),
  audit: tableOf('audit', AUDIT_COLUMNS, { key: 'number', isNumbered: true }),
  revocations: tableOf('revocations', 'position, kind, subject, generation, keep, at', {
    key: 'position',
    isNumbered: true,
    objection: { sql: 'SELECT 1 FROM installation WHERE head > 0', takes: [] },
  }),
  sessions: {
    ...tableOf('sessions LEFT JOIN attributes ON session_id = id', `${SESSION_COLUMNS}, version, attributes`),
    inserts: [
      {
        sql: `INSERT INTO sessions (${SESSION_COLUMNS}, sweep_at) VALUES (${'?, '.repeat(ATTRIBUTES_AT)}min(?17, ?18))`,
        takes: places(ATTRIBUTES_AT),
      },
      {
        sql: 'INSERT INTO attributes (session_id, version, attributes) SELECT ?1, ?2, ?3 WHERE ?2 IS NOT NULL',
        takes: [0, ATTRIBUTES_AT, ATTRIBUTES_AT + 1],
      },
    ],
  },
  floors: tableOf('session_floors', 'account_id, below', { key: 'account_id' }),
} as const satisfies Readonly<Record<string, ArchiveTable>>

/** Names a section of which there is a table. */
export type ArchiveTableName = keyof typeof ARCHIVE_TABLES
