import { beforeEach, expect, it } from 'vitest'
import type { Auth } from '../auth.ts'
import {
  happened,
  HYBRID,
  openBench,
  ORIGIN,
  refreshTokenOf,
  sessionTokenOf,
  signIn,
  STATEFUL,
  type Bench,
} from '../auth.fixture.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'
import { repairSessions } from './repair.ts'
import type { SessionStore } from '../stores/session-store.ts'
import type { Session } from './session.ts'

let bench: Bench
let before: Map<string, Session>

/** A store that holds what the other one held earlier, and has heard of nothing since. */
async function rollBack(earlier: Iterable<Session>): Promise<SessionStore> {
  const { sessions } = createMemoryStores()
  for (const session of earlier) await sessions.start(session)
  return sessions
}

async function snapshot(sessions = bench.stores.sessions): Promise<Map<string, Session>> {
  const accounts = await bench.stores.database.listAccounts(undefined, 100)
  const all = await Promise.all(accounts.map(({ id }) => sessions.list(id, bench.clock.now())))
  return new Map(all.flat().map((session) => [session.id, session]))
}

async function endSession(auth: Auth, token: string): Promise<void> {
  const caller = happened(await auth.recogniseSessionToken(token))
  happened(await auth.endSession(caller, caller.session.id, ORIGIN))
}

beforeEach(async () => {
  bench = await openBench(createMemoryStores())
})

it('ends again what the log says has ended, and nothing else', async () => {
  const { auth, stores, clock } = bench
  const [ended, kept] = [await signIn(bench, STATEFUL), await signIn(bench, STATEFUL)]
  const all = [await signIn(bench, STATEFUL, 'eve@example.com'), await signIn(bench, HYBRID, 'eve@example.com')]
  before = await snapshot()
  await endSession(auth, sessionTokenOf(ended))
  const eve = happened(await auth.recogniseSessionToken(sessionTokenOf(all[0] ?? ended)))
  happened(await auth.endAllSessions(eve, 'none', ORIGIN))
  const rolledBack = await rollBack(before.values())

  expect(await repairSessions({ ...stores, clock }, rolledBack, 'rolled back by hand')).toBe(2)

  expect([...(await snapshot(rolledBack)).keys()]).toEqual([kept.session.id])
  const events = await stores.database.readAudit(0, 1000)
  expect(events.at(-1)).toMatchObject({
    kind: 'store.rollback_detected',
    detail: { loss: 'rolled back by hand', carriedOut: 2 },
  })
})

it('spares the session that an ending spared', async () => {
  const { auth, stores, clock } = bench
  const mine = await signIn(bench, STATEFUL)
  await signIn(bench, HYBRID)
  before = await snapshot()
  const caller = happened(await auth.recogniseSessionToken(sessionTokenOf(mine)))
  happened(await auth.endAllSessions(caller, 'current', ORIGIN))
  const rolledBack = await rollBack(before.values())
  await repairSessions({ ...stores, clock }, rolledBack, 'rolled back by hand')
  expect([...(await snapshot(rolledBack)).keys()]).toEqual([mine.session.id])
})

it('signs nobody out: what a client holds of later is healed when it is used', async () => {
  const { auth, stores, clock } = bench
  const signedIn = await signIn(bench, HYBRID)
  before = await snapshot()
  const refreshed = happened(await auth.refresh(refreshTokenOf(signedIn), HYBRID, ORIGIN))
  await stores.sessions.end(signedIn.session.id)
  await stores.sessions.start(before.get(signedIn.session.id) ?? failed())
  await repairSessions({ ...stores, clock }, stores.sessions, 'rolled back by hand')
  happened(await auth.refresh(refreshTokenOf(refreshed), HYBRID, ORIGIN))
})

it('reads a log that has been compacted from where it begins, however long it is', async () => {
  const { stores, clock } = bench
  const signedIn = await signIn(bench, STATEFUL)
  const at = clock.now()
  const records = Array.from({ length: 2500 }, (_, number) => ({
    kind: 'session' as const,
    sessionId: Buffer.from(String(number).padStart(16)).toString('base64url') as never,
    at: at + number,
  }))
  await stores.log.append([...records, { kind: 'session', sessionId: signedIn.session.id, at: at + 3000 }])
  await stores.log.compact(at + 700)
  expect(await repairSessions({ ...stores, clock }, stores.sessions, 'rolled back by hand')).toBe(1801)
  expect((await snapshot()).size).toBe(0)
})

function failed(): never {
  throw new Error('the session is not there')
}
