import type { Advance, Session } from '@counterfoil/core'
import type { SessionId } from '@counterfoil/protocol'
import { columnsOf, rowsByKey, type Statement } from './batches.ts'
import {
  readSessionColumns,
  rowOfSession,
  SESSION_ARRAYS,
  SESSION_COLUMNS,
  SESSION_WIDTH,
  sessionOfRow,
} from './session-row.ts'
import { storedOptional } from './text.ts'

/** A rotation of one session. */
export interface Rotation {
  readonly id: SessionId
  readonly from: number
  readonly at: Advance
}

/** A use of one session. */
export interface Touch {
  readonly id: SessionId
  readonly seenAt: number
  readonly idleExpiresAt: number
}

/** What became of a rotation. */
export type Rotated = { readonly advanced: Session } | { readonly standing: Session } | undefined

/** Reads sessions, live or not: which instant is asked about differs from call to call. */
export const FIND: Statement<SessionId, Session | undefined> = {
  text: `SELECT ${readSessionColumns('s')} FROM counterfoil_sessions s WHERE s.id = ANY($1::text[])`,
  bind: (ids) => [ids],
  answer: (rows, ids) => {
    const found = rowsByKey(rows)
    return ids.map((id) => {
      const row = found.get(id)
      return row && sessionOfRow(row)
    })
  },
}

/**
 * Adds sessions. The account's floor is written first, with the value that it has: whoever ends all of the account's sessions holds that row until it is
 * done, so that this waits, and sees what is the floor then.
 */
export const START: Statement<Session, 'started' | 'taken' | 'superseded'> = {
  text: `
WITH given AS (SELECT * FROM unnest(${SESSION_ARRAYS}) AS g (${SESSION_COLUMNS})),
floors AS (
  INSERT INTO counterfoil_session_floors (account_id, below)
  SELECT DISTINCT account_id, 0 FROM given ORDER BY account_id
  ON CONFLICT (account_id) DO UPDATE SET below = counterfoil_session_floors.below
  RETURNING account_id, below),
added AS (
  INSERT INTO counterfoil_sessions (${SESSION_COLUMNS}, sweep_at)
  SELECT ${SESSION_COLUMNS.split(', ')
    .map((name) => `given.${name}`)
    .join(', ')}, least(idle_expires_at, expires_at)
  FROM given JOIN floors USING (account_id) WHERE account_generation >= below ORDER BY id
  ON CONFLICT (id) DO NOTHING RETURNING id)
SELECT given.id, added.id IS NOT NULL, account_generation < below,
  EXISTS (SELECT 1 FROM counterfoil_sessions s WHERE s.id = given.id)
FROM given JOIN floors USING (account_id) LEFT JOIN added USING (id)`,
  bind: (sessions) => columnsOf(sessions.map(rowOfSession), SESSION_WIDTH),
  answer: (rows, sessions) => {
    const found = rowsByKey(rows)
    return sessions.map(({ id }) => {
      const [, isStarted, isBelow, isThere] = found.get(id) ?? []
      if (isStarted === true) return 'started'
      return isBelow === true && isThere === false ? 'superseded' : 'taken'
    })
  },
  rowOf: ({ id }) => id,
}

/** Locks come in the order of ids, in every statement, so that no two wait for each other. */
const HELD = (given: string): string =>
  `held AS (SELECT s.* FROM counterfoil_sessions s JOIN ${given} ON s.id = g.id
    WHERE g.now < s.idle_expires_at AND g.now < s.expires_at ORDER BY s.id FOR UPDATE OF s)`

/** Moves sessions on, each from the generation that is expected; otherwise tells how it stands. */
export const ADVANCE: Statement<Rotation, Rotated> = {
  text: `
WITH g AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[])
  AS g (id, from_generation, now, idle, at, address, user_agent, reauthenticated, strategy)),
${HELD('g')},
moved AS (
  UPDATE counterfoil_sessions s SET
    generation = s.generation + 1, seen_at = g.now, idle_expires_at = least(g.idle, s.expires_at),
    rotated_at = g.at, rotated_address = g.address, rotated_user_agent = g.user_agent,
    strategy = coalesce(g.strategy, s.strategy),
    floor = CASE WHEN g.reauthenticated IS NULL THEN s.floor ELSE s.generation + 1 END,
    account_generation = coalesce(g.reauthenticated, s.account_generation),
    authenticated_at = CASE WHEN g.reauthenticated IS NULL THEN s.authenticated_at ELSE g.now END,
    sweep_at = least(s.sweep_at, g.idle)
  FROM g JOIN held USING (id)
  WHERE s.id = g.id AND s.generation = g.from_generation AND held.generation = g.from_generation
  RETURNING s.*)
SELECT ${readSessionColumns('moved')}, true FROM moved
UNION ALL
SELECT ${readSessionColumns('held')}, false FROM held WHERE NOT EXISTS (SELECT 1 FROM moved WHERE moved.id = held.id)`,
  bind: (rotations) => columnsOf(rotations.map(cellsOfRotation), 9),
  answer: (rows, rotations) => {
    const found = rowsByKey(rows)
    return rotations.map(({ id }) => {
      const row = found.get(id)
      if (row === undefined) return undefined
      return row[SESSION_WIDTH] === true ? { advanced: sessionOfRow(row) } : { standing: sessionOfRow(row) }
    })
  },
  rowOf: ({ id }) => id,
}

function cellsOfRotation({ id, from, at }: Rotation): readonly unknown[] {
  const { now, idleExpiresAt, use, reauthenticated, strategy } = at
  return [
    id,
    from,
    now,
    idleExpiresAt,
    use.at,
    storedOptional(use.address),
    storedOptional(use.userAgent),
    reauthenticated?.accountGeneration ?? null,
    strategy ?? null,
  ]
}

/** Moves last use and idle expiry forward, each by itself. */
export const TOUCH: Statement<Touch, void> = {
  text: `
WITH g AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS g (id, now, idle)),
${HELD('g')}
UPDATE counterfoil_sessions s SET seen_at = greatest(s.seen_at, g.now),
  idle_expires_at = greatest(s.idle_expires_at, least(g.idle, s.expires_at))
FROM g JOIN held USING (id) WHERE s.id = g.id`,
  bind: (touches) =>
    columnsOf(
      touches.map(({ id, seenAt, idleExpiresAt }) => [id, seenAt, idleExpiresAt]),
      3,
    ),
  answer: (_, touches) => touches.map(() => undefined),
  rowOf: ({ id }) => id,
}

/** Ends sessions, with their attributes; what was ended. */
export const END: Statement<SessionId, Session | undefined> = {
  text: `
WITH held AS (SELECT id FROM counterfoil_sessions WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE)
DELETE FROM counterfoil_sessions s USING held WHERE s.id = held.id RETURNING ${readSessionColumns('s')}`,
  bind: (ids) => [ids],
  answer: FIND.answer,
  rowOf: (id) => id,
}
