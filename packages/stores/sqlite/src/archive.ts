import { archivedKey, canonicalEmail, storedKey } from '@counterfoil/core'
import type { ArchivedSession, Attributes, DatabaseArchive, LogEnds, Section, SessionArchive } from '@counterfoil/core'
import type { AccountId } from '@counterfoil/protocol'
import { ARCHIVE_TABLES } from './archive-tables.ts'
import type { ArchiveCells, ArchiveTableName } from './archive-tables.ts'
import { cellsOfAudit } from './audit-verbs.ts'
import { accountOfRow, applicationOfRow, auditEventOfRow, keyOfRow, rowOfAccount, rowOfKey } from './database-rows.ts'
import type { ApplicationRow, AuditRow, KeyRow } from './database-rows.ts'
import type { GroupCommit } from './group-commit.ts'
import { cellsOfRevocation } from './log-verbs.ts'
import type { Reader } from './reader.ts'
import { revocationOfRow } from './revocation-log.ts'
import type { RevocationRow } from './revocation-log.ts'
import { rowOfSession, sessionOfRow } from './session-row.ts'
import type { SessionRow } from './session-row.ts'
import { parseColumn, prepareQuery } from './statements.ts'
import type { Cell } from './statements.ts'

/** What the file is made of, for copying. */
export interface ArchiveParts {
  readonly reader: Reader
  readonly group: GroupCommit
}

/** Everything in a file but its sessions. */
export function createDatabaseArchive(parts: ArchiveParts): DatabaseArchive {
  return {
    accounts: sectionOf(parts, 'accounts', accountOfRow, (account) => [
      ...rowOfAccount(account),
      canonicalEmail(account.email),
    ]),
    erasedAccounts: sectionOf(
      parts,
      'erasedAccounts',
      ([id]: [AccountId]) => ({ id }),
      ({ id }) => [id],
    ),
    applications: sectionOf(
      parts,
      'applications',
      ([, settings, generation]: [string, ...ApplicationRow]) => applicationOfRow([settings, generation]),
      ({ generation, ...settings }) => [settings.id, JSON.stringify(settings), generation],
    ),
    keys: sectionOf(
      parts,
      'keys',
      (row: KeyRow) => archivedKey(keyOfRow(row)),
      (key) => rowOfKey(storedKey(key)),
    ),
    audit: sectionOf(
      parts,
      'audit',
      (row: AuditRow) => auditEventOfRow(row),
      (event) => [event.number, ...cellsOfAudit(event)],
    ),
    revocations: sectionOf(
      parts,
      'revocations',
      (row: RevocationRow) => revocationOfRow(row),
      (record) => [record.position, ...cellsOfRevocation(record), record.at],
    ),
    log: createLogSection(parts),
  }
}

/** The sessions in a file. */
export function createSessionArchive(parts: ArchiveParts): SessionArchive {
  return {
    sessions: sectionOf(parts, 'sessions', archivedSessionOf, ({ attributes, ...session }) => [
      ...rowOfSession(session),
      attributes?.version ?? null,
      attributes === undefined ? null : JSON.stringify(attributes.attributes),
    ]),
    floors: sectionOf(
      parts,
      'floors',
      ([accountId, below]: [AccountId, number]) => ({ accountId, below }),
      ({ accountId, below }) => [accountId, below],
    ),
  }
}

type ArchivedSessionRow = [...SessionRow, version: number | null, json: string | null]

function archivedSessionOf(row: ArchivedSessionRow): ArchivedSession {
  const session = sessionOfRow(row)
  const [version, json] = [row[20], row[21]]
  if (version === null || json === null) return session
  return { ...session, attributes: { version, attributes: parseColumn(json) as Attributes } }
}

function sectionOf<Row, Cells extends readonly Cell[]>(
  { reader, group }: ArchiveParts,
  name: ArchiveTableName,
  rowOf: (cells: Cells) => Row,
  cellsOf: (row: Row) => ArchiveCells,
): Section<Row> {
  const { columns, from, key, keyAt, isNumbered } = ARCHIVE_TABLES[name]
  const select = `SELECT ${columns} FROM ${from} WHERE ${key}`
  const keyCell = (text: string): Cell => (isNumbered ? Number(text) : text)
  const prepare = (rest: string) => prepareQuery<Cells>(reader.db, `${select} ${rest}`)
  return {
    read: (after, limit) =>
      reader.answer(() => {
        const rows = prepare(`> ? ORDER BY ${key} LIMIT ?`).all(
          after === undefined ? keyCell('') : keyCell(after),
          limit,
        )
        const last = rows.at(-1)?.[keyAt]
        return { rows: rows.map(rowOf), next: rows.length < limit || last === undefined ? undefined : String(last) }
      }),
    find: (keys) =>
      reader.answer(() => {
        const find = prepare('= ?')
        return keys.flatMap((one) => find.all(keyCell(one))).map(rowOf)
      }),
    async write(rows) {
      const differs = await group.write('addArchived', [name, rows.map(cellsOf)])
      return differs === undefined ? 'written' : { differs }
    },
  }
}

function createLogSection({ reader, group }: ArchiveParts): Section<LogEnds> {
  const ends = prepareQuery<[string, number, number]>(
    reader.db,
    'SELECT incarnation, head, compacted FROM installation',
  )
  const readEnds = (): LogEnds[] =>
    ends.all().map(([incarnation, position, compacted]) => ({ incarnation, position, compacted }))
  return {
    read: () => reader.answer(() => ({ rows: readEnds(), next: undefined })),
    find: (keys) => reader.answer(() => keys.filter((key) => key === 'log').flatMap(readEnds)),
    async write(rows) {
      for (const row of rows) if (!(await group.write('becomeLog', [row]))) return { differs: 'log' }
      return 'written'
    },
  }
}
