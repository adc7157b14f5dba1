import type { SessionId } from '@counterfoil/protocol'
import { isLive, type Advance, type Attributes, type SessionStore } from '@counterfoil/core'
import { createEnds } from './ends.ts'
import { readMembers, strikeOff } from './members.ts'
import { readRecord, writeNumber, writeStrategy, writeUse } from './record.ts'
import { ADVANCE, MEMBERS, RAISE, TOUCH, WRITE_ATTRIBUTES } from './scripts.ts'
import { createStart } from './start.ts'
import type { StoreParts } from './store-parts.ts'
import { createSweep } from './sweep.ts'

/** The session store over Redis. Each verb but `start`, `endAll`, `list` and `sweep` is one command, which Redis runs as a whole. */
export function createSessionStore(parts: StoreParts): SessionStore {
  return {
    start: createStart(parts),
    ...createReads(parts),
    ...createMoves(parts),
    ...createAttributes(parts),
    ...createEnds(parts),
    sweep: createSweep(parts),
  }
}

function createReads({ commands, keys }: StoreParts): Pick<SessionStore, 'find' | 'list'> {
  const get = (id: SessionId) => commands.send(keys.session(id), 'GET', keys.session(id))
  return {
    async find(id, now) {
      const session = readRecord(id, await get(id))
      return session !== undefined && isLive(session, now) ? session : undefined
    },
    async list(accountId, now) {
      const members = readMembers(await commands.run(MEMBERS, [keys.account(accountId)]))
      const records = await Promise.all(members.map(({ id }) => get(id)))
      // Somebody ended them and did not get to take them off the list, or Redis did when they had long expired.
      const gone = members.filter(({ expiresAt }, at) => records[at] === null && expiresAt <= now).map(({ id }) => id)
      await strikeOff({ commands, keys }, accountId, gone)
      const sessions = members.flatMap(({ id }, at) => readRecord(id, records[at]) ?? [])
      const live = sessions.filter((session) => session.accountId === accountId && isLive(session, now))
      return live.toSorted((one, other) => other.started.at - one.started.at)
    },
  }
}

function createMoves({ commands, keys }: StoreParts): Pick<SessionStore, 'advance' | 'raise' | 'touch'> {
  return {
    async advance(id, from, at) {
      const reply = await commands.run(ADVANCE, [keys.session(id)], ...argumentsOfAdvance(from, at))
      if (!Array.isArray(reply)) return undefined
      const session = readRecord(id, reply[1])
      if (session === undefined) return undefined
      return reply[0] === 1 ? { advanced: session } : { standing: session }
    },
    async raise(id, to, now) {
      return readRecord(id, await commands.run(RAISE, [keys.session(id)], writeNumber(now), writeNumber(to)))
    },
    async touch(id, seenAt, idleExpiresAt) {
      await commands.run(TOUCH, [keys.session(id)], writeNumber(seenAt), writeNumber(idleExpiresAt))
    },
  }
}

function argumentsOfAdvance(from: number, { now, idleExpiresAt, use, reauthenticated, strategy }: Advance): string[] {
  const proof = reauthenticated === undefined ? '' : writeNumber(reauthenticated.accountGeneration)
  const numbers = [now, from, from + 1, idleExpiresAt, use.at].map(writeNumber)
  return [...numbers, ...writeUse(use), proof, strategy === undefined ? '' : writeStrategy(strategy)]
}

function createAttributes({ commands, keys }: StoreParts): Pick<SessionStore, 'readAttributes' | 'writeAttributes'> {
  return {
    async readAttributes(id, now) {
      const [session, attributes] = [keys.session(id), keys.attributes(id)]
      const reply = await commands.send(session, 'MGET', session, attributes)
      const [record, held] = Array.isArray(reply) ? reply : []
      const standing = readRecord(id, record)
      if (standing === undefined || !isLive(standing, now)) return undefined
      if (typeof held !== 'string') return { version: 0, attributes: {} }
      const lineEnd = held.indexOf('\n')
      return { version: Number(held.slice(0, lineEnd)), attributes: JSON.parse(held.slice(lineEnd + 1)) as Attributes }
    },
    async writeAttributes(id, version, attributes, now) {
      const [at, next] = [writeNumber(now), version + 1]
      const both = [keys.session(id), keys.attributes(id)] as const
      const reply = await commands.run(WRITE_ATTRIBUTES, both, at, version, next, JSON.stringify(attributes))
      if (reply === 1) return { version: next }
      return reply === 0 ? 'conflict' : 'absent'
    },
  }
}
