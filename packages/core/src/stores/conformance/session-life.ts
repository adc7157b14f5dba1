import assert from 'node:assert/strict'
import type { Session } from '../../sessions/session.ts'
import type { SessionStore } from '../session-store.ts'
import { holdTo, type ConformanceCase } from './case.ts'
import {
  assertSame,
  DAY,
  drawAccountId,
  drawSessionId,
  HOUR,
  NOW,
  sampleAdvance,
  sampleSession,
  startSample,
} from './sample.ts'

/** What every verb that asks for a live session says at `now`, one by one. Each is asked on its own session. */
async function assertLife(
  sessions: SessionStore,
  start: () => Promise<Session>,
  now: number,
  live: boolean,
): Promise<void> {
  const asks: Record<string, (session: Session) => Promise<boolean>> = {
    find: async ({ id }) => (await sessions.find(id, now)) !== undefined,
    list: async ({ accountId }) => (await sessions.list(accountId, now)).length === 1,
    readAttributes: async ({ id }) => (await sessions.readAttributes(id, now)) !== undefined,
    writeAttributes: async ({ id }) => (await sessions.writeAttributes(id, 0, { a: 1 }, now)) !== 'absent',
    advance: async ({ id }) => (await sessions.advance(id, 0, sampleAdvance(now))) !== undefined,
    raise: async ({ id }) => (await sessions.raise(id, 1, now)) !== undefined,
    touch: async (session) => {
      await sessions.touch(session.id, now, now + HOUR)
      return (await sessions.find(session.id, session.seenAt))?.seenAt === now
    },
  }
  for (const [verb, ask] of Object.entries(asks)) {
    const session = await start()
    assert.equal(await ask(session), live, `${verb} at ${new Date(now).toISOString()}`)
  }
}

const absence: readonly ConformanceCase[] = [
  holdTo('what was never there is absent, whichever verb asks', async ({ sessions }) => {
    const id = drawSessionId()
    assert.equal(await sessions.find(id, NOW), undefined)
    assert.equal(await sessions.advance(id, 0, sampleAdvance(NOW)), undefined)
    assert.equal(await sessions.raise(id, 3, NOW), undefined)
    assert.equal(await sessions.touch(id, NOW, NOW + DAY), undefined)
    assert.equal(await sessions.readAttributes(id, NOW), undefined)
    assert.equal(await sessions.writeAttributes(id, 0, { a: 1 }, NOW), 'absent')
    assert.equal(await sessions.end(id), undefined)
    assert.deepEqual(await sessions.list(drawAccountId(), NOW), [])
    assert.deepEqual(await sessions.endAll(drawAccountId(), { below: 1 }), [])
    assert.equal(await sessions.find(id, NOW), undefined)
  }),
  holdTo('a session that started is found as it was given', async ({ sessions }) => {
    const hybrid = await startSample(sessions, { deviceLabel: 'Ada’s phone', applicationGeneration: 4 })
    const stateful = await startSample(sessions, {
      strategy: 'stateful',
      generation: 7,
      floor: 3,
      accountGeneration: 2,
    })
    assertSame(await sessions.find(hybrid.id, NOW), hybrid)
    assertSame(await sessions.find(stateful.id, NOW), stateful)
  }),
  holdTo('an id that is in use is taken, and the session that has it stays as it is', async ({ sessions }) => {
    const first = await startSample(sessions)
    const other = { ...sampleSession(), id: first.id }
    assert.equal(await sessions.start(other), 'taken')
    assertSame(await sessions.find(first.id, NOW), first)
    assert.deepEqual(await sessions.list(other.accountId, NOW), [])
  }),
  holdTo('an id is taken also while the session that has it is past its expiry', async ({ sessions }) => {
    const first = await startSample(sessions)
    assert.equal(await sessions.start(sampleSession({ id: first.id }, NOW + 60 * DAY)), 'taken')
    assert.equal(await sessions.find(first.id, NOW + 60 * DAY), undefined)
  }),
  holdTo('of callers that race to start one id exactly one starts it', async ({ sessions }) => {
    const id = drawSessionId()
    const rivals = Array.from({ length: 20 }, () => sampleSession({ id }))
    const outcomes = await Promise.all(rivals.map((rival) => sessions.start(rival)))
    assert.equal(outcomes.filter((outcome) => outcome === 'started').length, 1)
    const winner = rivals[outcomes.indexOf('started')]
    assert.ok(winner)
    assertSame(await sessions.find(winner.id, NOW), winner)
  }),
]

const expiry: readonly ConformanceCase[] = [
  holdTo('a session is live until the millisecond before its idle expiry, for every verb', async ({ sessions }) => {
    await assertLife(sessions, () => startSample(sessions), NOW + DAY - 1, true)
  }),
  holdTo('the idle expiry ends a session at its very millisecond, for every verb', async ({ sessions }) => {
    await assertLife(sessions, () => startSample(sessions), NOW + DAY, false)
  }),
  holdTo('a session is live until the millisecond before its absolute expiry, for every verb', async ({ sessions }) => {
    const start = () => startSample(sessions, { idleExpiresAt: NOW + 3 * DAY, expiresAt: NOW + DAY })
    await assertLife(sessions, start, NOW + DAY - 1, true)
  }),
  holdTo('the absolute expiry ends a session at its very millisecond, for every verb', async ({ sessions }) => {
    const start = () => startSample(sessions, { idleExpiresAt: NOW + 3 * DAY, expiresAt: NOW + DAY })
    await assertLife(sessions, start, NOW + DAY, false)
  }),
]

const givenTime: readonly ConformanceCase[] = [
  ...(
    [
      ['1970', 1_137],
      ['the year 9999', Date.UTC(9999, 0, 1, 0, 0, 0, 137)],
    ] as const
  ).flatMap(([when, at]) => [
    holdTo(`the time is the one that is given: a session of ${when} is live then`, async ({ sessions }) => {
      await assertLife(sessions, () => startSample(sessions, {}, at), at + DAY - 1, true)
    }),
    holdTo(`the time is the one that is given: a session of ${when} ends then`, async ({ sessions }) => {
      await assertLife(sessions, () => startSample(sessions, {}, at), at + DAY, false)
    }),
    holdTo(`the time is the one that is given: a sweep in ${when} spares who is live then`, async ({ sessions }) => {
      const { id } = await startSample(sessions, {}, at)
      assert.equal(await sessions.sweep(at + DAY - 1, 10), 0)
      assert.ok(await sessions.find(id, at))
      assert.equal(await sessions.sweep(at + DAY, 10), 1)
      assert.equal(await sessions.find(id, at), undefined)
    }),
  ]),
  holdTo('a session that has expired at one instant is live at an earlier one', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    assert.equal(await sessions.find(id, NOW + DAY), undefined)
    assert.ok(await sessions.find(id, NOW + DAY - 1))
  }),
]

/** Absence, expiry, and whose clock counts. */
export const sessionLifeCases: readonly ConformanceCase[] = [...absence, ...expiry, ...givenTime]
