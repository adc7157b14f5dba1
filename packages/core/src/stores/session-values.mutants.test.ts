import type { SessionId } from '@counterfoil/protocol'
import { describe, expect, it } from 'vitest'
import type { Session } from '../sessions/session.ts'
import { brokenSessions, caseNamed, pause, rewriteSession, tryCase, type Mutant } from './mutant.fixture.ts'
import { sessionStoreCases } from './session-store.conformance.ts'
import type { Attributes, SessionStore } from './session-store.ts'

type Outcome = Awaited<ReturnType<SessionStore['advance']>>

/** Keeps attributes apart from the sessions, and lets nobody remove them. */
function leavingAttributes(sessions: SessionStore): Partial<SessionStore> {
  const kept = new Map<SessionId, { version: number; attributes: Attributes }>()
  return {
    async readAttributes(id, now) {
      return (await sessions.find(id, now)) && (kept.get(id) ?? { version: 0, attributes: {} })
    },
    async writeAttributes(id, version, attributes, now) {
      if ((await sessions.find(id, now)) === undefined) return 'absent'
      kept.set(id, { version: version + 1, attributes: structuredClone(attributes) })
      return { version: version + 1 }
    },
  }
}

const sweeps: readonly Mutant[] = [
  brokenSessions(
    'a sweep that removes live ones',
    'a sweep removes what had expired, by either expiry, and nothing that is live',
    (sessions) => ({ sweep: (now, limit) => sessions.sweep(now + 1, limit) }),
  ),
  brokenSessions(
    'a sweep without a limit',
    'a sweep removes at most as many as it may, and the next ones the rest',
    (sessions) => ({ sweep: (now) => sessions.sweep(now, 1000) }),
  ),
  brokenSessions(
    'a sweep by the expiry that a session began with',
    'a sweep spares a session that was used, however often one came by before',
    (sessions) => {
      const filed: Session[] = []
      return {
        async start(session) {
          filed.push(session)
          return sessions.start(session)
        },
        async sweep(now) {
          const due = filed.filter(({ idleExpiresAt }) => idleExpiresAt <= now)
          const ended = await Promise.all(due.map(({ id }) => sessions.end(id)))
          return ended.filter((session) => session !== undefined).length
        },
      }
    },
  ),
  brokenSessions(
    'a sweep that leaves the attributes',
    'a sweep takes the attributes too, and frees the id',
    leavingAttributes,
  ),
]

const attributes: readonly Mutant[] = [
  brokenSessions(
    'an end that leaves the attributes',
    'a session does not inherit the attributes of one that had its id and ended by end',
    leavingAttributes,
  ),
  brokenSessions(
    'an end of all that leaves the attributes',
    'a session does not inherit the attributes of one that had its id and ended by endAll',
    leavingAttributes,
  ),
  brokenSessions(
    'a write that asks for no version',
    'a write with another version than the present one is a conflict and changes nothing',
    leavingAttributes,
  ),
  brokenSessions(
    'a write that looks and then writes',
    'of writes that race from one version exactly one is made',
    (sessions) => ({
      async writeAttributes(id, version, given, now) {
        const held = await sessions.readAttributes(id, now)
        if (held?.version !== version) return held === undefined ? 'absent' : 'conflict'
        await pause()
        const present = await sessions.readAttributes(id, now)
        return sessions.writeAttributes(id, present?.version ?? 0, given, now)
      },
    }),
  ),
  brokenSessions('a write that merges', 'a write replaces all attributes and answers the next version', (sessions) => ({
    async writeAttributes(id, version, given, now) {
      const held = await sessions.readAttributes(id, now)
      return sessions.writeAttributes(id, version, { ...held?.attributes, ...given }, now)
    },
  })),
  brokenSessions(
    'names that mean something to JavaScript',
    'every JSON value survives, at any depth, and names that mean something elsewhere',
    (sessions) => ({
      writeAttributes(id, version, given, now) {
        const copied: Record<string, unknown> = {}
        for (const [name, value] of Object.entries(given)) copied[name] = value
        return sessions.writeAttributes(id, version, copied, now)
      },
    }),
  ),
]

const aliases: readonly Mutant[] = [
  ...(
    [
      ['what was given', 'changing a session after it was given changes nothing in the store'],
      ['what it answers', 'changing what find and list answer changes nothing in the store'],
    ] as const
  ).map(([what, breaks]) =>
    brokenSessions(`a store that holds on to ${what}`, breaks, (sessions) => {
      const held = new Map<SessionId, Session>()
      return {
        async start(session) {
          held.set(session.id, session)
          return sessions.start(session)
        },
        find: async (id, now) => (await sessions.find(id, now)) && held.get(id),
      }
    }),
  ),
  brokenSessions(
    'copies that are not deep',
    'changing what find and list answer changes nothing in the store',
    (sessions) => {
      const rotated = new Map<SessionId, Session['rotated']>()
      return {
        async find(id, now) {
          const found = await sessions.find(id, now)
          if (found === undefined) return undefined
          if (!rotated.has(id)) rotated.set(id, found.rotated)
          return { ...found, rotated: rotated.get(id) ?? found.rotated }
        },
      }
    },
  ),
  brokenSessions(
    'one answer for all who lose a race',
    'losers of one race that change their answers change nobody else’s',
    (sessions) => {
      const standing = new Map<SessionId, Outcome>()
      return {
        async advance(id, from, at) {
          const outcome = await sessions.advance(id, from, at)
          if (!standing.has(id)) standing.set(id, outcome)
          return standing.get(id)
        },
      }
    },
  ),
  brokenSessions(
    'attributes that are held on to',
    'changing attributes after they were given or answered changes nothing in the store',
    (sessions) => {
      let held: Attributes = {}
      return {
        async writeAttributes(id, version, given, now) {
          held = given
          return sessions.writeAttributes(id, version, given, now)
        },
        async readAttributes(id, now) {
          const read = await sessions.readAttributes(id, now)
          return read && { ...read, attributes: held }
        },
      }
    },
  ),
  brokenSessions('texts that are cut at NUL', 'odd texts come back as they were given', (sessions) => ({
    async find(id, now) {
      const found = await sessions.find(id, now)
      return found?.deviceLabel === undefined ? found : { ...found, deviceLabel: found.deviceLabel.replace(/\0.*/, '') }
    },
  })),
  brokenSessions('numbers of 32 bits', 'long texts and large numbers come back as they were given', (sessions) => ({
    async find(id, now) {
      const found = await sessions.find(id, now)
      return found && { ...found, generation: found.generation | 0 }
    },
  })),
]

const starts: readonly Mutant[] = [
  brokenSessions(
    'a start that replaces',
    'an id that is in use is taken, and the session that has it stays as it is',
    (sessions) => ({
      async start(session) {
        await rewriteSession(sessions, session)
        return 'started'
      },
    }),
  ),
  brokenSessions(
    'a start that looks and then writes',
    'of callers that race to start one id exactly one starts it',
    (sessions) => ({
      async start(session) {
        const found = await sessions.find(session.id, session.seenAt)
        await pause()
        if (found !== undefined) return 'taken'
        await rewriteSession(sessions, session)
        return 'started'
      },
    }),
  ),
]

const keys: readonly Mutant[] = [
  brokenSessions(
    'a start that drops the key',
    'the key that a session is bound to comes back, with a label and without',
    (sessions) => ({ start: (session) => sessions.start({ ...session, keyThumbprint: undefined }) }),
  ),
  brokenSessions(
    'a rotation that lets go of the key',
    'no move of a session takes its key away, nor gives one',
    (sessions) => ({
      async advance(id, from, at) {
        const outcome = await sessions.advance(id, from, at)
        if (outcome === undefined || 'standing' in outcome) return outcome
        const session = { ...outcome.advanced, keyThumbprint: undefined }
        await rewriteSession(sessions, session)
        return { advanced: session }
      },
    }),
  ),
]

describe('the suite of the session store, about attributes, sweeps and copies', () => {
  it.for([...sweeps, ...attributes, ...aliases, ...starts, ...keys])('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, sessionStoreCases), mutant)).toBeDefined()
  })
})
