import { drawId } from '@counterfoil/core'
import type { Random, RevocationLog } from '@counterfoil/core'
import type {
  AccountId,
  ApplicationId,
  KeyId,
  LogHead,
  NewRevocation,
  Revocation,
  SessionId,
} from '@counterfoil/protocol'
import { columnsOf, rowsByKey, type Batches, type Statement } from './batches.ts'
import type { Ask } from './client.ts'
import { CHANNEL, type Hints } from './hints.ts'
import { readText, storedText } from './text.ts'
import { beginTimeline, type Timeline } from './timeline.ts'

/** Appends records, and answers where the log ends then. Inside a transaction it comes last: from here until the commit every other append waits. */
export type Append = (ask: Ask, records: readonly NewRevocation[]) => Promise<LogHead>

/** How records are appended: positions are counted in a row that is held until the commit, and so are given in the order of commits. */
export function appendText({ present }: Timeline): string {
  return `
WITH given AS (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[])
  WITH ORDINALITY AS g (kind, subject, generation, keep, at, place)),
counted AS (
  UPDATE counterfoil_installation SET head = head + $6::bigint, timeline = ${present},
    incarnation = CASE WHEN timeline = ${present} THEN incarnation ELSE $7 END
  RETURNING incarnation, head),
added AS (
  INSERT INTO counterfoil_revocations (position, kind, subject, generation, keep, at)
  SELECT counted.head - $6::bigint + place, kind, subject, generation, keep, at FROM counted, given)
SELECT incarnation, head::float8, pg_notify('${CHANNEL}', 'log') FROM counted`
}

/** Reads what follows a position, with the head of the same moment; one row at least. */
export function readingText({ present }: Timeline): string {
  return `
SELECT i.incarnation, i.head::float8, i.compacted::float8, i.timeline = ${present},
  r.position::float8, r.kind, r.subject, r.generation::float8, r.keep, r.at::float8
FROM counterfoil_installation i LEFT JOIN LATERAL (
  SELECT * FROM counterfoil_revocations WHERE position > $1 ORDER BY position LIMIT $2) r ON true
ORDER BY r.position`
}

/** Texts of statements about the log that do not depend on the timeline. */
export const LOG_TEXTS = {
  holds: `SELECT DISTINCT subject FROM counterfoil_revocations WHERE kind = 'session' AND subject = ANY($1::text[])`,
  compact: `
WITH oldest AS (SELECT position, at FROM counterfoil_revocations ORDER BY position LIMIT $2),
cut AS (SELECT max(position) AS last FROM oldest
  WHERE position < coalesce((SELECT min(position) FROM oldest WHERE at >= $1), 9223372036854775807)),
moved AS (UPDATE counterfoil_installation SET compacted = greatest(compacted, cut.last) FROM cut WHERE cut.last IS NOT NULL),
gone AS (DELETE FROM counterfoil_revocations WHERE position <= (SELECT last FROM cut) RETURNING 1)
SELECT (SELECT count(*)::int FROM gone)`,
} as const

/** Records that one step of a compaction removes. */
const COMPACTION_STEP = 1000

const HOLDS: Statement<SessionId, boolean> = {
  text: LOG_TEXTS.holds,
  bind: (ids) => [ids],
  answer: (rows, ids) => {
    const found = rowsByKey(rows)
    return ids.map((id) => found.has(id))
  },
}

/** What the log is made of. */
export interface LogParts {
  readonly ask: Ask
  readonly batches: Batches
  readonly hints: Hints
  readonly timeline: Timeline
  readonly random: Random
}

/** The revocation log in PostgreSQL, and how others append to it in their transactions. */
export function createRevocationLog(parts: LogParts): { readonly log: RevocationLog; readonly append: Append } {
  const { ask, batches, hints, timeline, random } = parts
  const text = appendText(timeline)
  const read = prepareRead(parts)
  const holds = batches.of(HOLDS)
  const appendJoined = batches.of(joinedAppend(text, random))
  const append: Append = async (asking, records) => {
    const [row] = await asking(text, valuesOf(records, random))
    return headOf(row)
  }
  const log: RevocationLog = {
    async append(records) {
      if (records.length === 0) return (await read(0, 0, true)).head
      const head = await appendJoined(records)
      hints.notice('log')
      return head
    },
    async read(after, limit) {
      const { head, compacted, records } = await read(after, limit, false)
      return after < compacted ? 'compacted' : { records, head }
    },
    head: async () => (await read(0, 0, true)).head,
    holdsSession: (id) => holds(id),
    watch: (onAppend) => hints.add('log', onAppend),
    async compact(before) {
      let removed = 0
      for (;;) {
        const [row] = await ask(LOG_TEXTS.compact, [before, COMPACTION_STEP])
        removed += Number(row?.[0])
        if (Number(row?.[0]) < COMPACTION_STEP) return removed
      }
    },
  }
  return { log, append }
}

/** Appends of several callers, one after the other: each is told where its own end. */
function joinedAppend(text: string, random: Random): Statement<readonly NewRevocation[], LogHead> {
  return {
    text,
    bind: (given) => valuesOf(given.flat(), random),
    answer: ([row], given) => {
      const { incarnation, position: head } = headOf(row)
      let position = head - given.flat().length
      return given.map((records) => ({ incarnation, position: (position += records.length) }))
    },
  }
}

function valuesOf(records: readonly NewRevocation[], random: Random): unknown[] {
  return [...columnsOf(records.map(cellsOfRevocation), 5), records.length, drawId(random)]
}

function headOf(row: readonly unknown[] | undefined): LogHead {
  if (row === undefined) throw new Error('the row of the installation is missing')
  return { incarnation: String(row[0]), position: Number(row[1]) }
}

interface Reading {
  readonly head: LogHead
  readonly compacted: number
  readonly records: Revocation[]
}

function prepareRead({ ask, timeline, random }: LogParts) {
  const text = readingText(timeline)
  return async (after: number, limit: number, headAlone: boolean): Promise<Reading> => {
    for (;;) {
      const rows = await ask(text, [after, headAlone ? 0 : limit])
      const [first] = rows
      if (first?.[3] === true) {
        const records = rows.filter((row) => row[4] !== null).map((row) => revocationOfRow(row.slice(4)))
        return { head: headOf(first), compacted: Number(first[2]), records }
      }
      // Another history than the one that the log was last written in: it may lack what was committed there.
      await beginTimeline(ask, random)
    }
  }
}

/** What is bound for a record, without its position. */
export function cellsOfRevocation(record: NewRevocation): readonly unknown[] {
  switch (record.kind) {
    case 'session':
      return [record.kind, record.sessionId, null, null, record.at]
    case 'account':
      return [record.kind, record.accountId, record.generation, record.keep ?? null, record.at]
    case 'client':
      return [record.kind, storedText(record.applicationId), record.generation, null, record.at]
    case 'key':
      return [record.kind, storedText(record.keyId), null, null, record.at]
    case 'changed':
      return [record.kind, record.subject, null, null, record.at]
  }
}

/** The record of a row. */
export function revocationOfRow(row: readonly unknown[]): Revocation {
  const [position, kind, subject, generation, keep, at] = row as [
    number,
    Revocation['kind'],
    string,
    number | null,
    SessionId | null,
    number,
  ]
  switch (kind) {
    case 'session':
      return { position, kind, sessionId: subject as SessionId, at }
    case 'account': {
      const spared = keep === null ? {} : { keep }
      return { position, kind, accountId: subject as AccountId, generation: generation ?? 0, ...spared, at }
    }
    case 'client':
      return { position, kind, applicationId: readText(subject) as ApplicationId, generation: generation ?? 0, at }
    case 'key':
      return { position, kind, keyId: readText(subject) as KeyId, at }
    case 'changed':
      return { position, kind, subject: subject as AccountId | SessionId, at }
  }
}
