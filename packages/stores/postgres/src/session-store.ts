import { isLive } from '@counterfoil/core'
import type { Attributes, Session, SessionStore } from '@counterfoil/core'
import type { SessionId } from '@counterfoil/protocol'
import { transact } from './asking.ts'
import type { Batches } from './batches.ts'
import type { Ask, PostgresPool } from './client.ts'
import { readSessionColumns, sessionOfRow } from './session-row.ts'
import { ADVANCE, END, FIND, START, TOUCH } from './session-statements.ts'

/** Statements about sessions that are not joined: they are rare, or about one account. */
export const SESSION_TEXTS = {
  raise: `UPDATE counterfoil_sessions s SET generation = greatest(s.generation, $2)
    WHERE s.id = $1 AND $3 < s.idle_expires_at AND $3 < s.expires_at RETURNING ${readSessionColumns('s')}`,
  list: `SELECT ${readSessionColumns('s')} FROM counterfoil_sessions s
    WHERE s.account_id = $1 AND $2 < s.idle_expires_at AND $2 < s.expires_at ORDER BY s.started_at DESC, s.id`,
  readAttributes: `SELECT coalesce(a.version, 0)::float8, coalesce(a.attributes, '{}')
    FROM counterfoil_sessions s LEFT JOIN counterfoil_attributes a ON a.session_id = s.id
    WHERE s.id = $1 AND $2 < s.idle_expires_at AND $2 < s.expires_at`,
  // The session cannot end while its row is held, so that nothing is written beside one that has.
  writeAttributes: `
WITH live AS (SELECT id FROM counterfoil_sessions
  WHERE id = $1 AND $4 < idle_expires_at AND $4 < expires_at FOR KEY SHARE),
written AS (
  INSERT INTO counterfoil_attributes (session_id, version, attributes)
  SELECT id, $2::bigint + 1, $3 FROM live
  WHERE $2::bigint = 0 OR EXISTS (SELECT 1 FROM counterfoil_attributes WHERE session_id = $1)
  ON CONFLICT (session_id) DO UPDATE SET version = excluded.version, attributes = excluded.attributes
  WHERE counterfoil_attributes.version = $2::bigint
  RETURNING version)
SELECT EXISTS (SELECT 1 FROM live), (SELECT version::float8 FROM written)`,
  raiseFloor: `INSERT INTO counterfoil_session_floors (account_id, below) VALUES ($1, $2)
    ON CONFLICT (account_id) DO UPDATE SET below = greatest(counterfoil_session_floors.below, excluded.below)`,
  endBelow: `
WITH held AS (SELECT id FROM counterfoil_sessions
  WHERE account_id = $1 AND account_generation < $2 AND ($3::text IS NULL OR id <> $3) ORDER BY id FOR UPDATE)
DELETE FROM counterfoil_sessions s USING held WHERE s.id = held.id RETURNING s.id`,
  // Use prolongs a session without filing it anew, which would cost every rotation an entry of an index. It is done here, once in its idle time.
  sweep: `
WITH due AS (SELECT id, least(idle_expires_at, expires_at) AS ends_at FROM counterfoil_sessions
  WHERE sweep_at <= $1 ORDER BY sweep_at LIMIT $2 FOR UPDATE SKIP LOCKED),
refiled AS (UPDATE counterfoil_sessions s SET sweep_at = least(s.idle_expires_at, s.expires_at)
  WHERE s.id = ANY (ARRAY(SELECT due.id FROM due WHERE due.ends_at > $1))),
gone AS (DELETE FROM counterfoil_sessions s
  WHERE s.id = ANY (ARRAY(SELECT due.id FROM due WHERE due.ends_at <= $1)) RETURNING s.id)
SELECT (SELECT count(*)::int FROM gone), (SELECT count(*)::int FROM due)`,
} as const

/** Sessions that one step of a sweep looks at. */
const SWEEP_STEP = 500

/** The session store in PostgreSQL. */
export function createSessionStore(pool: PostgresPool, ask: Ask, batches: Batches): SessionStore {
  const find = batches.of(FIND)
  const start = batches.of(START)
  const advance = batches.of(ADVANCE)
  const touch = batches.of(TOUCH)
  const end = batches.of(END)
  return {
    start,
    end,
    find: async (id, now) => liveAt(await find(id), now),
    advance: (id, from, at) => advance({ id, from, at }),
    touch: (id, seenAt, idleExpiresAt) => touch({ id, seenAt, idleExpiresAt }),
    raise: async (id, to, now) => optional(await ask(SESSION_TEXTS.raise, [id, to, now])),
    list: async (accountId, now) => (await ask(SESSION_TEXTS.list, [accountId, now])).map((row) => sessionOfRow(row)),
    ...createAttributes(ask),
    async endAll(accountId, { below, keep }) {
      return transact(pool, async (asking) => {
        // The floor first, in a statement of its own: the next one sees every session that started before it was raised.
        await asking(SESSION_TEXTS.raiseFloor, [accountId, below])
        const rows = await asking(SESSION_TEXTS.endBelow, [accountId, below, keep ?? null])
        return rows.map(([id]) => id as SessionId)
      })
    },
    sweep: (now, limit) => sweep(ask, now, limit),
  }
}

function createAttributes(ask: Ask): Pick<SessionStore, 'readAttributes' | 'writeAttributes'> {
  return {
    async readAttributes(id, now) {
      const [row] = await ask(SESSION_TEXTS.readAttributes, [id, now])
      return row && { version: Number(row[0]), attributes: JSON.parse(String(row[1])) as Attributes }
    },
    async writeAttributes(id, version, attributes, now) {
      const json = JSON.stringify(attributes)
      const [row] = await ask(SESSION_TEXTS.writeAttributes, [id, version, json, now])
      if (row?.[0] !== true) return 'absent'
      return typeof row[1] === 'number' ? { version: row[1] } : 'conflict'
    },
  }
}

async function sweep(ask: Ask, now: number, limit: number): Promise<number> {
  let removed = 0
  for (let isDone = false; !isDone && removed < limit;) {
    const step = Math.min(limit - removed, SWEEP_STEP)
    const [row] = await ask(SESSION_TEXTS.sweep, [now, step])
    removed += Number(row?.[0])
    isDone = Number(row?.[1]) < step
  }
  return removed
}

function liveAt(session: Session | undefined, now: number): Session | undefined {
  return session !== undefined && isLive(session, now) ? session : undefined
}

function optional(rows: readonly (readonly unknown[])[]): Session | undefined {
  return rows[0] && sessionOfRow(rows[0])
}
