import type { DatabaseSync } from 'node:sqlite'
import type { AccountId, SessionId, StoredStrategy } from '@counterfoil/protocol'
import { SESSION_COLUMNS } from './session-row.ts'
import type { FiledSessionRow, SessionRow } from './session-row.ts'
import { prepareChange, prepareQuery } from './statements.ts'

/** What a rotation brings, flat. */
export interface AdvanceCells {
  readonly now: number
  readonly idleExpiresAt: number
  readonly rotatedAt: number
  readonly address: string | null
  readonly userAgent: string | null
  /** The account's generation at a re-authentication; null where there was none. */
  readonly accountGeneration: number | null
  /** The new form; null where it stays. */
  readonly strategy: StoredStrategy | null
}

/** How many sessions one step of a sweep looks at: a few milliseconds of work, between which others write. */
const SWEEP_STEP = 500

/** The verbs that write sessions; each runs inside a transaction that others begin and commit. */
export type SessionVerbs = ReturnType<typeof prepareSessionVerbs>

const LIVE = '?2 < idle_expires_at AND ?2 < expires_at'

/** Prepares the verbs that write sessions. */
export function prepareSessionVerbs(db: DatabaseSync) {
  return {
    startSession: prepareStart(db),
    advanceSession: prepareAdvance(db),
    ...prepareMoves(db),
    writeAttributes: prepareAttributeWrite(db),
    ...prepareEnds(db),
    sweepSessionsStep: prepareSweep(db),
  }
}

function prepareStart(db: DatabaseSync) {
  const floorOf = prepareQuery<[number]>(db, 'SELECT below FROM session_floors WHERE account_id = ?')
  const taken = prepareQuery(db, 'SELECT 1 FROM sessions WHERE id = ?')
  const insert = prepareChange(
    db,
    `INSERT INTO sessions (${SESSION_COLUMNS}, sweep_at) VALUES (${'?, '.repeat(20)}min(?17, ?18)) ON CONFLICT (id) DO NOTHING`,
  )
  return (row: SessionRow): 'started' | 'taken' | 'superseded' => {
    const floor = floorOf.first(row[1])?.[0] ?? 0
    if (row[9] < floor) return taken.first(row[0]) === undefined ? 'superseded' : 'taken'
    return insert(...row) === 1 ? 'started' : 'taken'
  }
}

function prepareAdvance(db: DatabaseSync) {
  const advance = prepareQuery<FiledSessionRow>(
    db,
    `UPDATE sessions SET generation = generation + 1, seen_at = ?2, idle_expires_at = min(?4, expires_at),
       rotated_at = ?5, rotated_address = ?6, rotated_user_agent = ?7, floor = iif(?8 IS NULL, floor, generation + 1),
       account_generation = coalesce(?8, account_generation), authenticated_at = iif(?8 IS NULL, authenticated_at, ?2),
       strategy = coalesce(?9, strategy)
     WHERE id = ?1 AND ${LIVE} AND generation = ?3 RETURNING ${SESSION_COLUMNS}, sweep_at`,
  )
  const refile = prepareChange(db, 'UPDATE sessions SET sweep_at = ?2 WHERE id = ?1')
  const find = prepareQuery<SessionRow>(db, `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id = ?1 AND ${LIVE}`)
  return (
    id: SessionId,
    from: number,
    { now, idleExpiresAt, rotatedAt, address, userAgent, accountGeneration, strategy }: AdvanceCells,
  ): { advanced: FiledSessionRow } | { standing: SessionRow } | undefined => {
    const cells = [rotatedAt, address, userAgent, accountGeneration, strategy]
    const advanced = advance.first(id, now, from, idleExpiresAt, ...cells)
    if (advanced !== undefined) {
      if (advanced[16] < advanced[20]) refile(id, advanced[16])
      return { advanced }
    }
    const standing = find.first(id, now)
    return standing && { standing }
  }
}

function prepareMoves(db: DatabaseSync) {
  const raise = prepareQuery<SessionRow>(
    db,
    `UPDATE sessions SET generation = max(generation, ?3) WHERE id = ?1 AND ${LIVE} RETURNING ${SESSION_COLUMNS}`,
  )
  const touch = prepareChange(
    db,
    `UPDATE sessions SET seen_at = max(seen_at, ?2), idle_expires_at = max(idle_expires_at, min(?3, expires_at))
     WHERE id = ?1 AND ${LIVE}`,
  )
  return {
    raiseSession: (id: SessionId, to: number, now: number): SessionRow | undefined => raise.first(id, now, to),
    touchSession(id: SessionId, seenAt: number, idleExpiresAt: number): void {
      touch(id, seenAt, idleExpiresAt)
    },
  }
}

function prepareAttributeWrite(db: DatabaseSync) {
  const versionOf = prepareQuery<[number]>(
    db,
    `SELECT coalesce(version, 0) FROM sessions LEFT JOIN attributes ON session_id = id WHERE id = ?1 AND ${LIVE}`,
  )
  const replace = prepareChange(
    db,
    `INSERT INTO attributes (session_id, version, attributes) VALUES (?1, ?2, ?3)
     ON CONFLICT (session_id) DO UPDATE SET version = excluded.version, attributes = excluded.attributes`,
  )
  return (id: SessionId, version: number, json: string, now: number): { version: number } | 'conflict' | 'absent' => {
    const standing = versionOf.first(id, now)?.[0]
    if (standing === undefined) return 'absent'
    if (standing !== version) return 'conflict'
    replace(id, version + 1, json)
    return { version: version + 1 }
  }
}

function prepareEnds(db: DatabaseSync) {
  const end = prepareQuery<SessionRow>(db, `DELETE FROM sessions WHERE id = ? RETURNING ${SESSION_COLUMNS}`)
  const raiseFloor = prepareChange(
    db,
    `INSERT INTO session_floors (account_id, below) VALUES (?, ?)
     ON CONFLICT (account_id) DO UPDATE SET below = max(below, excluded.below)`,
  )
  const endBelow = prepareQuery<[SessionId]>(
    db,
    'DELETE FROM sessions WHERE account_id = ? AND account_generation < ? AND id IS NOT ? RETURNING id',
  )
  return {
    endSession: (id: SessionId): SessionRow | undefined => end.first(id),
    endAllSessions(accountId: AccountId, below: number, keep: SessionId | null): SessionId[] {
      raiseFloor(accountId, below)
      return endBelow.all(accountId, below, keep).map(([id]) => id)
    },
  }
}

function prepareSweep(db: DatabaseSync) {
  const filed = prepareQuery<[rowid: number, endsAt: number]>(
    db,
    'SELECT rowid, min(idle_expires_at, expires_at) FROM sessions WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?',
  )
  const remove = prepareChange(db, 'DELETE FROM sessions WHERE rowid = ?')
  // Use prolongs a session without filing it anew, which would cost every rotation a page. It is done here, once in its idle time.
  const refile = prepareChange(db, 'UPDATE sessions SET sweep_at = ?2 WHERE rowid = ?1')
  return (now: number, limit: number): { removed: number; done: boolean } => {
    const step = Math.min(limit, SWEEP_STEP)
    const rows = filed.all(now, step)
    let removed = 0
    for (const [rowid, endsAt] of rows) {
      if (endsAt <= now) removed += remove(rowid)
      else refile(rowid, endsAt)
    }
    return { removed, done: rows.length < step }
  }
}
