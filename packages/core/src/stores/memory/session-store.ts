import type { SessionId } from '@counterfoil/protocol'
import { isLive, type Session } from '../../sessions/session.ts'
import type { SessionArchive } from '../archive.ts'
import type { SessionStore } from '../session-store.ts'
import { createMemorySessionArchive, type SessionState } from './session-archive.ts'
import { SessionTable } from './session-table.ts'

/** A session store and everything in it. */
export interface MemorySessions {
  readonly sessions: SessionStore
  readonly sessionArchive: SessionArchive
}

/** A session store in memory: nothing survives the process. Each verb runs to its end before anything else does. */
export function createMemorySessionStore(): MemorySessions {
  const state = { table: new SessionTable(), attributes: new Map(), floors: new Map() }
  const sessions = { ...createReads(state), ...createMoves(state), ...createAttributes(state), ...createEnds(state) }
  return { sessions, sessionArchive: createMemorySessionArchive(state) }
}

function findLive({ table }: SessionState, id: SessionId, now: number): Session | undefined {
  const session = table.get(id)
  return session !== undefined && isLive(session, now) ? session : undefined
}

function createReads(state: SessionState): Pick<SessionStore, 'find' | 'list'> {
  return {
    find: async (id, now) => findLive(state, id, now),
    async list(accountId, now) {
      const live = state.table.ofAccount(accountId).filter((session) => isLive(session, now))
      return live.toSorted((one, other) => other.started.at - one.started.at)
    },
  }
}

function createMoves(state: SessionState): Pick<SessionStore, 'start' | 'advance' | 'raise' | 'touch'> {
  const { table, floors } = state
  return {
    async start(session) {
      if (session.accountGeneration < (floors.get(session.accountId) ?? 0)) return 'superseded'
      if (table.has(session.id)) return 'taken'
      table.add(session)
      return 'started'
    },
    async advance(id, from, { now, idleExpiresAt, use, reauthenticated, strategy }) {
      const standing = findLive(state, id, now)
      if (standing === undefined) return undefined
      if (standing.generation !== from) return { standing }
      const generation = from + 1
      const proof = reauthenticated && { ...reauthenticated, floor: generation, authenticatedAt: now }
      const form = { strategy: strategy ?? standing.strategy }
      const moved = { ...standing, ...proof, ...form, generation, rotated: use, seenAt: now }
      return { advanced: table.replace({ ...moved, idleExpiresAt: Math.min(idleExpiresAt, standing.expiresAt) }) }
    },
    async raise(id, to, now) {
      const standing = findLive(state, id, now)
      return standing && table.replace({ ...standing, generation: Math.max(standing.generation, to) })
    },
    async touch(id, seenAt, idleExpiresAt) {
      const standing = findLive(state, id, seenAt)
      if (standing === undefined) return
      const idleUntil = Math.max(standing.idleExpiresAt, Math.min(idleExpiresAt, standing.expiresAt))
      table.replace({ ...standing, seenAt: Math.max(standing.seenAt, seenAt), idleExpiresAt: idleUntil })
    },
  }
}

function createAttributes(state: SessionState): Pick<SessionStore, 'readAttributes' | 'writeAttributes'> {
  return {
    async readAttributes(id, now) {
      if (findLive(state, id, now) === undefined) return undefined
      const held = state.attributes.get(id)
      return { version: held?.version ?? 0, attributes: held === undefined ? {} : JSON.parse(held.json) }
    },
    async writeAttributes(id, version, attributes, now) {
      if (findLive(state, id, now) === undefined) return 'absent'
      if (version !== (state.attributes.get(id)?.version ?? 0)) return 'conflict'
      state.attributes.set(id, { version: version + 1, json: JSON.stringify(attributes) })
      return { version: version + 1 }
    },
  }
}

function createEnds({ table, attributes, floors }: SessionState): Pick<SessionStore, 'end' | 'endAll' | 'sweep'> {
  const end = (id: SessionId): Session | undefined => {
    attributes.delete(id)
    return table.remove(id)
  }
  return {
    end: async (id) => end(id),
    async endAll(accountId, { below, keep }) {
      floors.set(accountId, Math.max(floors.get(accountId) ?? 0, below))
      const ids = table.ofAccount(accountId).flatMap(({ id, accountGeneration }) => {
        return accountGeneration < below && id !== keep ? [id] : []
      })
      ids.forEach(end)
      return ids
    },
    async sweep(now, limit) {
      const ids = table.expired(now, limit)
      ids.forEach(end)
      return ids.length
    },
  }
}
