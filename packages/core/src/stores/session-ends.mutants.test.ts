import type { AccountId, SessionId } from '@counterfoil/protocol'
import { describe, expect, it } from 'vitest'
import type { Session } from '../sessions/session.ts'
import { createMemorySessionStore } from './memory/session-store.ts'
import { brokenSessions, caseNamed, pause, rewriteSession, tryCase, type Mutant } from './mutant.fixture.ts'
import { sessionStoreCases } from './session-store.conformance.ts'

const endings: readonly Mutant[] = [
  brokenSessions('a write that resurrects', 'no write resurrects a session that has ended', (sessions) => {
    const remembered = new Map<SessionId, Session>()
    return {
      async start(session) {
        remembered.set(session.id, session)
        return sessions.start(session)
      },
      async touch(id, seenAt, idleExpiresAt) {
        const session = remembered.get(id)
        if (session !== undefined) await rewriteSession(sessions, { ...session, seenAt, idleExpiresAt })
      },
    }
  }),
  ...(
    [
      'no write that races with the end resurrects the session, whichever comes first',
      'no write that races with the end of all resurrects the session',
    ] as const
  ).map((breaks) =>
    brokenSessions('a write that finds, waits and puts back', breaks, (sessions) => {
      const unfloored = new Map<SessionId, Session>()
      return {
        async raise(id, to, now) {
          const standing = await sessions.find(id, now)
          await pause()
          if (standing !== undefined) unfloored.set(id, { ...standing, generation: to })
          return unfloored.get(id)
        },
        find: async (id, now) => unfloored.get(id) ?? sessions.find(id, now),
      }
    }),
  ),
  brokenSessions(
    'an end of all that is a list and an end of each',
    'after the end of all a session of an older generation cannot start, one of the newer can',
    (sessions) => ({
      async endAll(accountId, { below, keep }) {
        const listed = await sessions.list(accountId, 0)
        const ids = listed.flatMap(({ id, accountGeneration }) =>
          accountGeneration < below && id !== keep ? [id] : [],
        )
        for (const id of ids) await sessions.end(id)
        return ids
      },
    }),
  ),
  brokenSessions(
    'an end of all that lets a sign-in slip through between its look and its write',
    'the end of all wins against sign-ins of the old generation, and spares those of the new',
    (sessions) => {
      const floors = new Map<AccountId, number>()
      return {
        async start(session) {
          if (session.accountGeneration < (floors.get(session.accountId) ?? 0)) return 'superseded'
          await pause()
          return sessions.start(session)
        },
        async endAll(accountId, { below }) {
          floors.set(accountId, below)
          const listed = await sessions.list(accountId, 0)
          await Promise.all(listed.filter((one) => one.accountGeneration < below).map(({ id }) => sessions.end(id)))
          return listed.map(({ id }) => id)
        },
      }
    },
  ),
  brokenSessions(
    'an end of all that lowers what an earlier one raised',
    'an end of all that comes late does not let older generations start again',
    (sessions) => {
      const floors = new Map<AccountId, number>()
      return {
        async start(session) {
          return session.accountGeneration < (floors.get(session.accountId) ?? 0)
            ? 'superseded'
            : sessions.start(session)
        },
        async endAll(accountId, { below }) {
          floors.set(accountId, below)
          return []
        },
      }
    },
  ),
  brokenSessions(
    'an end of all that asks for no generation',
    'the end of all ends what belongs to a generation below, and answers their ids',
    (sessions) => ({ endAll: (accountId, { keep }) => sessions.endAll(accountId, { below: 99, keep }) }),
  ),
  brokenSessions(
    'an end of all that spares nobody',
    'the end of all spares the session to keep, as it is',
    (sessions) => ({
      endAll: (accountId, { below }) => sessions.endAll(accountId, { below }),
    }),
  ),
  brokenSessions(
    'an end of all that spares for ever',
    'a session that was kept once is not kept for ever',
    (sessions) => {
      let kept: SessionId | undefined
      return {
        endAll(accountId, { below, keep }) {
          kept ??= keep
          return sessions.endAll(accountId, { below, keep: kept })
        },
      }
    },
  ),
  brokenSessions('an end that answers everybody', 'of ends that race exactly one is told what it ended', (sessions) => {
    const ended = new Map<SessionId, Promise<Session | undefined>>()
    return {
      end(id) {
        const end = ended.get(id) ?? sessions.end(id)
        ended.set(id, end)
        return end
      },
    }
  }),
  {
    ...brokenSessions(
      'a store that forgets at a restart which generations were ended',
      'after a restart a session of a generation that was ended still cannot start',
      () => ({}),
    ),
    restart: (stores) => ({ ...stores, sessions: createMemorySessionStore().sessions }),
  },
]

const indexes: readonly Mutant[] = [
  brokenSessions(
    'an index that loses an entry when another session ends',
    'a list loses no session to what happens to it or to others',
    (sessions) => {
      const lost = new Set<SessionId>()
      return {
        async end(id) {
          const ended = await sessions.end(id)
          const [next] = ended === undefined ? [] : await sessions.list(ended.accountId, ended.seenAt)
          if (next !== undefined) lost.add(next.id)
          return ended
        },
        list: async (accountId, now) => (await sessions.list(accountId, now)).filter(({ id }) => !lost.has(id)),
      }
    },
  ),
  brokenSessions(
    'an index that loses the entry of a session that rotates',
    'an advance moves the generation by one and sets who, when, last-seen and idle expiry, and nothing else',
    (sessions) => ({
      list: async (accountId, now) =>
        (await sessions.list(accountId, now)).filter((one) => one.rotated.at === one.started.at),
    }),
  ),
  brokenSessions(
    'an index that keeps the entry of an ended session',
    'an id that comes back under another account is listed there alone',
    (sessions) => {
      const index = new Map<AccountId, SessionId[]>()
      return {
        async start(session) {
          const outcome = await sessions.start(session)
          index.set(session.accountId, [session.id, ...(index.get(session.accountId) ?? [])])
          return outcome
        },
        async list(accountId, now) {
          const found = await Promise.all((index.get(accountId) ?? []).map((id) => sessions.find(id, now)))
          return found.filter((session) => session !== undefined)
        },
      }
    },
  ),
  brokenSessions(
    'a list in the order of last use',
    'the order of a list is that of the sign-ins, whoever was seen last',
    (sessions) => ({
      list: async (accountId, now) =>
        (await sessions.list(accountId, now)).toSorted((one, other) => other.seenAt - one.seenAt),
    }),
  ),
  brokenSessions(
    'a list of the expired too',
    'a list shows the live sessions of the account, newest first, and nobody else’s',
    (sessions) => ({ list: (accountId) => sessions.list(accountId, 0) }),
  ),
]

describe('the suite of the session store, about ends and lists', () => {
  it.for([...endings, ...indexes])('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, sessionStoreCases), mutant)).toBeDefined()
  })
})
