import type { Advance, Attributes, SessionStore } from '@counterfoil/core'
import type { GroupCommit } from './group-commit.ts'
import type { Reader } from './reader.ts'
import { rowOfSession, SESSION_COLUMNS, sessionOfRow } from './session-row.ts'
import type { SessionRow } from './session-row.ts'
import type { AdvanceCells } from './session-verbs.ts'
import { parseColumn, prepareQuery } from './statements.ts'

/** The session store over one file: reads at once on this thread, writes in the next transaction of `group`. */
export function createSessionStore(reader: Reader, group: GroupCommit): SessionStore {
  return { ...createReads(reader), ...createMoves(group), ...createAttributeWrite(group), ...createEnds(group) }
}

function createReads({ db, answer }: Reader): Pick<SessionStore, 'find' | 'list' | 'readAttributes'> {
  const live = '?2 < idle_expires_at AND ?2 < expires_at'
  const find = prepareQuery<SessionRow>(db, `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id = ?1 AND ${live}`)
  const list = prepareQuery<SessionRow>(
    db,
    `SELECT ${SESSION_COLUMNS} FROM sessions WHERE account_id = ?1 AND ${live} ORDER BY started_at DESC, id`,
  )
  const attributes = prepareQuery<[number, string]>(
    db,
    `SELECT coalesce(version, 0), coalesce(attributes, '{}')
     FROM sessions LEFT JOIN attributes ON session_id = id WHERE id = ?1 AND ${live}`,
  )
  return {
    find: (id, now) => answer(() => optional(find.first(id, now), sessionOfRow)),
    list: (accountId, now) => answer(() => list.all(accountId, now).map(sessionOfRow)),
    readAttributes: (id, now) =>
      answer(() =>
        optional(attributes.first(id, now), ([version, json]) => ({
          version,
          attributes: parseColumn(json) as Attributes,
        })),
      ),
  }
}

function createMoves(group: GroupCommit): Pick<SessionStore, 'start' | 'advance' | 'raise' | 'touch'> {
  return {
    start: (session) => group.write('startSession', [rowOfSession(session)]),
    async advance(id, from, at) {
      const outcome = await group.write('advanceSession', [id, from, cellsOfAdvance(at)])
      if (outcome === undefined) return undefined
      return 'advanced' in outcome
        ? { advanced: sessionOfRow(outcome.advanced) }
        : { standing: sessionOfRow(outcome.standing) }
    },
    raise: async (id, to, now) => optional(await group.write('raiseSession', [id, to, now]), sessionOfRow),
    touch: (id, seenAt, idleExpiresAt) => group.write('touchSession', [id, seenAt, idleExpiresAt]),
  }
}

function createAttributeWrite(group: GroupCommit): Pick<SessionStore, 'writeAttributes'> {
  return {
    writeAttributes: async (id, version, attributes, now) =>
      group.write('writeAttributes', [id, version, JSON.stringify(attributes), now]),
  }
}

function createEnds(group: GroupCommit): Pick<SessionStore, 'end' | 'endAll' | 'sweep'> {
  return {
    end: async (id) => optional(await group.write('endSession', [id]), sessionOfRow),
    endAll: (accountId, { below, keep }) => group.write('endAllSessions', [accountId, below, keep ?? null]),
    async sweep(now, limit) {
      let removed = 0
      for (let done = false; !done && removed < limit;) {
        const step = await group.write('sweepSessionsStep', [now, limit - removed])
        removed += step.removed
        done = step.done
      }
      return removed
    },
  }
}

function cellsOfAdvance({ now, idleExpiresAt, use, reauthenticated, strategy }: Advance): AdvanceCells {
  return {
    now,
    idleExpiresAt,
    rotatedAt: use.at,
    address: use.address ?? null,
    userAgent: use.userAgent ?? null,
    accountGeneration: reauthenticated?.accountGeneration ?? null,
    strategy: strategy ?? null,
  }
}

function optional<Row, Thing>(row: Row | undefined, read: (row: Row) => Thing): Thing | undefined {
  return row === undefined ? undefined : read(row)
}
