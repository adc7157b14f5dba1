import type { SessionId } from '@counterfoil/protocol'
import { isLive, type Advance, type Attributes, type Session, type SessionStore } from '@counterfoil/core'
import type { Commands } from './commands.ts'
import { createEnds } from './ends.ts'
import type { Keys } from './keys.ts'
import { readRecord, writeNumber, writeStrategy, writeUse } from './record.ts'
import { ADVANCE, MEMBERS, RAISE, TOUCH, WRITE_ATTRIBUTES } from './scripts.ts'
import { createStart } from './start.ts'
import { createSweep } from './sweep.ts'
import type { Link } from './link.ts'

/** What the verbs work with. */
export interface StoreParts {
  readonly commands: Commands
  readonly keys: Keys
  readonly link: Link
  /** A word that no other start uses. */
  readonly drawName: () => string
  /** Waits for a replica to have what was written to the key, for as long as that is worth it. */
  readonly replicate: (key: string) => Promise<void>
}

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
  const find = async (id: SessionId, now: number): Promise<Session | undefined> => {
    const session = readRecord(id, await commands.send(keys.session(id), 'GET', keys.session(id)))
    return session !== undefined && isLive(session, now) ? session : undefined
  }
  return {
    find,
    async list(accountId, now) {
      const account = keys.account(accountId)
      const members = readMembers(await commands.run(MEMBERS, [account]))
      const found = await Promise.all(members.map(({ id }) => find(id, now)))
      const gone = members.filter(({ expiresAt }, at) => found[at] === undefined && expiresAt <= now)
      // Somebody ended them and did not get to take them off the list, or Redis did when they had long expired.
      if (gone.length > 0)
        await commands.send(account, 'HDEL', account, ...gone.map(({ id }) => id)).catch(() => undefined)
      const live = found.filter((session) => session?.accountId === accountId)
      return live.flatMap((session) => session ?? []).toSorted((one, other) => other.started.at - one.started.at)
    },
  }
}

const HOUR_MS = 60 * 60 * 1000

/** The hour by which something has expired, as a number that Redis packs into four bytes. */
export function hourOf(expiresAt: number): number {
  return Math.ceil(expiresAt / HOUR_MS)
}

/** The sessions of an account's key, whether they are still there or not. One of its fields holds the floor. */
export function readMembers(reply: unknown): { readonly id: SessionId; readonly expiresAt: number }[] {
  const fields = Array.isArray(reply) ? reply.map(String) : []
  return fields.flatMap((field, at) => {
    const isMember = at % 2 === 0 && field !== 'f'
    return isMember ? [{ id: field as SessionId, expiresAt: Number(fields[at + 1]) * HOUR_MS }] : []
  })
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
