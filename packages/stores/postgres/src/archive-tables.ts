import type { ArchivedSession, Attributes } from '@counterfoil/core'
import { archivedKey, canonicalEmail, storedKey } from '@counterfoil/core'
import type { DatabaseContents, SessionContents } from '@counterfoil/core'
import type { AccountId } from '@counterfoil/protocol'
import {
  ACCOUNT_COLUMNS,
  accountOfRow,
  APPLICATION_COLUMNS,
  applicationOfRow,
  AUDIT_COLUMNS,
  auditEventOfRow,
  cellsOfAudit,
  cellsOfKey,
  KEY_COLUMNS,
  keyOfRow,
} from './database-rows.ts'
import { cellsOfRevocation, revocationOfRow } from './revocation-log.ts'
import { readSessionColumns, rowOfSession, SESSION_TYPES, SESSION_WIDTH, sessionOfRow } from './session-row.ts'
import { storedOptional, storedText } from './text.ts'

/** How a section of an archive lies in the database. */
export interface ArchiveTable<Row> {
  readonly from: string
  /** What is read, in the order that `rowOf` takes. */
  readonly select: string
  readonly rowOf: (cells: readonly unknown[]) => Row
  readonly key: string
  readonly keyType: 'text' | 'bigint'
  /** What is bound, by name and type. */
  readonly columns: readonly (readonly [name: string, type: string])[]
  readonly cellsOf: (row: Row) => readonly unknown[]
  /** Selects the places of rows that cannot be added although their keys are free. Joins: subqueries would read whole tables. */
  readonly objection?: string
  /** Statements that add what is `given`. */
  readonly inserts: readonly string[]
}

type Tables<Contents> = { readonly [Name in keyof Contents]: ArchiveTable<Contents[Name]> }

function namesOf(columns: ArchiveTable<unknown>['columns']): string {
  return columns.map(([name]) => name).join(', ')
}

function insertInto(table: string, columns: ArchiveTable<unknown>['columns'], overriding = ''): string {
  return `INSERT INTO ${table} (${namesOf(columns)}) ${overriding} SELECT ${namesOf(columns)} FROM given`
}

function tableOf<Row>(
  table: Omit<ArchiveTable<Row>, 'inserts' | 'key' | 'keyType'> & Partial<ArchiveTable<Row>>,
): ArchiveTable<Row> {
  return { key: 'id', keyType: 'text', inserts: [insertInto(table.from, table.columns)], ...table }
}

const ACCOUNTS = tableOf<DatabaseContents['accounts']>({
  from: 'counterfoil_accounts',
  select: ACCOUNT_COLUMNS,
  rowOf: accountOfRow,
  columns: [
    ['id', 'text'],
    ['email', 'text'],
    ['canonical_email', 'text'],
    ['name', 'text'],
    ['password_hash', 'text'],
    ['roles', 'text'],
    ['generation', 'bigint'],
    ['kept_session_id', 'text'],
    ['kept_generation', 'bigint'],
    ['disabled', 'boolean'],
    ['created_at', 'bigint'],
  ],
  cellsOf: ({ id, email, name, passwordHash, roles, generation, kept, disabled, createdAt }) => {
    const texts = [storedText(email), storedText(canonicalEmail(email)), storedOptional(name), storedText(passwordHash)]
    const generations = [generation, kept?.sessionId ?? null, kept?.generation ?? null]
    return [id, ...texts, JSON.stringify(roles), ...generations, disabled, createdAt]
  },
  objection: `SELECT g.place FROM given g JOIN counterfoil_accounts a ON a.canonical_email = g.canonical_email
    UNION ALL SELECT g.place FROM given g JOIN counterfoil_erased_accounts e ON e.id = g.id`,
})

const KEY_TYPES = [
  ['id', 'text'],
  ['purpose', 'text'],
  ['algorithm', 'text'],
  ['number', 'integer'],
  ['public_jwk', 'text'],
  ['sealed', 'bytea'],
  ['created_at', 'bigint'],
  ['active_at', 'bigint'],
] as const

const AUDIT_TYPES = [
  ['number', 'bigint'],
  ['at', 'bigint'],
  ['kind', 'text'],
  ['account_id', 'text'],
  ['application_id', 'text'],
  ['session_id', 'text'],
  ['address', 'text'],
  ['user_agent', 'text'],
  ['detail', 'text'],
] as const

/** The sections of a database of which there is a table. */
export const DATABASE_TABLES: Tables<Omit<DatabaseContents, 'log'>> = {
  accounts: ACCOUNTS,
  erasedAccounts: tableOf({
    from: 'counterfoil_erased_accounts',
    select: 'id',
    rowOf: ([id]) => ({ id: id as AccountId }),
    columns: [['id', 'text']],
    cellsOf: ({ id }) => [id],
    objection: 'SELECT g.place FROM given g JOIN counterfoil_accounts a ON a.id = g.id',
  }),
  applications: tableOf({
    from: 'counterfoil_applications',
    select: APPLICATION_COLUMNS,
    rowOf: applicationOfRow,
    columns: [
      ['id', 'text'],
      ['settings', 'text'],
      ['generation', 'bigint'],
    ],
    cellsOf: ({ generation, ...settings }) => [storedText(settings.id), JSON.stringify(settings), generation],
  }),
  keys: tableOf({
    from: 'counterfoil_keys',
    select: KEY_COLUMNS,
    rowOf: (cells) => archivedKey(keyOfRow(cells)),
    columns: KEY_TYPES,
    cellsOf: (key) => cellsOfKey(storedKey(key)),
  }),
  audit: tableOf({
    from: 'counterfoil_audit',
    select: AUDIT_COLUMNS,
    rowOf: auditEventOfRow,
    key: 'number',
    keyType: 'bigint',
    columns: AUDIT_TYPES,
    cellsOf: (event) => [event.number, ...cellsOfAudit(event)],
    inserts: [
      insertInto('counterfoil_audit', AUDIT_TYPES, 'OVERRIDING SYSTEM VALUE'),
      // What comes later has a higher number than all that was copied.
      `SELECT setval(pg_get_serial_sequence('counterfoil_audit', 'number'), max(number)) FROM given HAVING count(*) > 0`,
    ],
  }),
  revocations: tableOf({
    from: 'counterfoil_revocations',
    select: 'position::float8, kind, subject, generation::float8, keep, at::float8',
    rowOf: revocationOfRow,
    key: 'position',
    keyType: 'bigint',
    columns: [
      ['position', 'bigint'],
      ['kind', 'text'],
      ['subject', 'text'],
      ['generation', 'bigint'],
      ['keep', 'text'],
      ['at', 'bigint'],
    ],
    cellsOf: (record) => [record.position, ...cellsOfRevocation(record)],
    objection: 'SELECT g.place FROM given g JOIN counterfoil_installation i ON i.head > 0',
  }),
}

function archivedSessionOf(cells: readonly unknown[]): ArchivedSession {
  const session = sessionOfRow(cells)
  const [version, json] = cells.slice(SESSION_WIDTH)
  if (typeof version !== 'number' || typeof json !== 'string') return session
  return { ...session, attributes: { version, attributes: JSON.parse(json) as Attributes } }
}

const SESSION_NAMES = namesOf(SESSION_TYPES)

/** The sections of a session store. */
export const SESSION_TABLES: Tables<SessionContents> = {
  sessions: {
    from: 'counterfoil_sessions s LEFT JOIN counterfoil_attributes a ON a.session_id = s.id',
    select: `${readSessionColumns('s')}, a.version::float8, a.attributes`,
    rowOf: archivedSessionOf,
    key: 's.id',
    keyType: 'text',
    columns: [...SESSION_TYPES, ['version', 'bigint'], ['attributes', 'text']],
    cellsOf: ({ attributes, ...session }) => [
      ...rowOfSession(session),
      attributes?.version ?? null,
      attributes === undefined ? null : JSON.stringify(attributes.attributes),
    ],
    inserts: [
      `INSERT INTO counterfoil_sessions (${SESSION_NAMES}, sweep_at)
       SELECT ${SESSION_NAMES}, least(idle_expires_at, expires_at) FROM given`,
      `INSERT INTO counterfoil_attributes (session_id, version, attributes)
       SELECT id, version, attributes FROM given WHERE version IS NOT NULL`,
    ],
  },
  floors: tableOf({
    // A row of 0 is there for starts to wait at, and bars nothing.
    from: '(SELECT * FROM counterfoil_session_floors WHERE below > 0) f',
    select: 'account_id, below::float8',
    rowOf: ([accountId, below]) => ({ accountId: accountId as AccountId, below: Number(below) }),
    key: 'account_id',
    columns: [
      ['account_id', 'text'],
      ['below', 'bigint'],
    ],
    cellsOf: ({ accountId, below }) => [accountId, below],
    inserts: [
      `INSERT INTO counterfoil_session_floors (account_id, below) SELECT account_id, below FROM given
       ON CONFLICT (account_id) DO UPDATE SET below = excluded.below`,
    ],
  }),
}
