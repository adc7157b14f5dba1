import type { DatabaseSync } from 'node:sqlite'
import type { LogHead, NewRevocation } from '@counterfoil/protocol'
import { prepareChange, prepareQuery } from './statements.ts'
import type { Cell } from './statements.ts'

/** How many records one step of a compaction removes: a few milliseconds of work, between which others write. */
const COMPACTION_STEP = 1000

/** The verbs that write the revocation log; each runs inside a transaction that others begin and commit. */
export type LogVerbs = ReturnType<typeof prepareLogVerbs>

/** Prepares the verbs that write the revocation log. */
export function prepareLogVerbs(db: DatabaseSync) {
  return { appendRevocations: prepareAppend(db), compactLogStep: prepareCompaction(db) }
}

function prepareAppend(db: DatabaseSync) {
  // The head is a row of its own: positions are then given in commit order, and survive the removal of what they named.
  const advance = prepareQuery<[string, number]>(
    db,
    'UPDATE installation SET head = head + ? RETURNING incarnation, head',
  )
  const insert = prepareChange(
    db,
    'INSERT INTO revocations (position, kind, subject, generation, keep, at) VALUES (?, ?, ?, ?, ?, ?)',
  )
  return (records: readonly NewRevocation[]): LogHead => {
    const [incarnation, head] = advance.first(records.length) ?? missing()
    let position = head - records.length
    for (const record of records) insert(++position, ...cellsOfRevocation(record), record.at)
    return { incarnation, position: head }
  }
}

function prepareCompaction(db: DatabaseSync) {
  const oldest = prepareQuery<[number, number]>(db, 'SELECT position, at FROM revocations ORDER BY position LIMIT ?')
  const remove = prepareChange(db, 'DELETE FROM revocations WHERE position <= ?')
  const remember = prepareChange(db, 'UPDATE installation SET compacted = ?')
  return (before: number): { removed: number; done: boolean } => {
    const rows = oldest.all(COMPACTION_STEP)
    const kept = rows.findIndex(([, at]) => at >= before)
    const last = (kept < 0 ? rows : rows.slice(0, kept)).at(-1)
    if (last === undefined) return { removed: 0, done: true }
    remember(last[0])
    return { removed: remove(last[0]), done: kept >= 0 }
  }
}

/** The cells of a record between its position and its instant. */
export function cellsOfRevocation(
  record: NewRevocation,
): [kind: string, subject: string, generation: Cell, keep: Cell] {
  switch (record.kind) {
    case 'session':
      return [record.kind, record.sessionId, null, null]
    case 'account':
      return [record.kind, record.accountId, record.generation, record.keep ?? null]
    case 'client':
      return [record.kind, record.applicationId, record.generation, null]
    case 'key':
      return [record.kind, record.keyId, null, null]
    case 'changed':
      return [record.kind, record.subject, null, null]
  }
}

function missing(): never {
  throw new Error('the row of the installation is missing')
}
