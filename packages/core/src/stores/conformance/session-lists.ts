import assert from 'node:assert/strict'
import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { SessionStore } from '../session-store.ts'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import {
  assertSame,
  DAY,
  drawAccountId,
  drawSessionId,
  HOUR,
  MINUTE,
  NOW,
  sampleAdvance,
  startSample,
} from './sample.ts'

async function listIds(sessions: SessionStore, accountId: AccountId, now: number): Promise<SessionId[]> {
  return (await sessions.list(accountId, now)).map(({ id }) => id)
}

/** Sweeps until nothing is left, never more than `limit` at a time; how many that were. */
async function sweepAll(sessions: SessionStore, now: number, limit: number): Promise<number> {
  let total = 0
  for (let rounds = 0; rounds < 1000; rounds++) {
    const removed = await sessions.sweep(now, limit)
    assert.ok(removed <= limit, `${removed} were swept where at most ${limit} may be`)
    if (removed === 0) return total
    total += removed
  }
  return assert.fail('a sweep that never ends')
}

const lists: readonly ConformanceCase[] = [
  holdTo('a list shows the live sessions of the account, newest first, and nobody else’s', async ({ sessions }) => {
    const accountId = drawAccountId()
    const middle = await startSample(sessions, { accountId }, NOW + HOUR)
    const newest = await startSample(sessions, { accountId }, NOW + 2 * HOUR)
    const oldest = await startSample(sessions, { accountId }, NOW)
    const foreign = await startSample(sessions, {}, NOW + HOUR)
    assertSame(await sessions.list(accountId, NOW + 3 * HOUR), [newest, middle, oldest])
    assertSame(await sessions.list(foreign.accountId, NOW + 3 * HOUR), [foreign])
    assert.deepEqual(await listIds(sessions, accountId, NOW + DAY), [newest.id, middle.id])
  }),
  holdTo('the order of a list is that of the sign-ins, whoever was seen last', async ({ sessions }) => {
    const accountId = drawAccountId()
    const older = await startSample(sessions, { accountId }, NOW)
    const newer = await startSample(sessions, { accountId }, NOW + HOUR)
    await sessions.touch(older.id, NOW + 2 * HOUR, NOW + 2 * DAY)
    await sessions.advance(older.id, 0, sampleAdvance(NOW + 3 * HOUR))
    assert.deepEqual(await listIds(sessions, accountId, NOW + 3 * HOUR), [newer.id, older.id])
  }),
  holdTo('a list loses no session to what happens to it or to others', async ({ sessions }) => {
    const accountId = drawAccountId()
    const ids: SessionId[] = []
    for (let at = 0; at < 12; at++) ids.unshift((await startSample(sessions, { accountId }, NOW + at)).id)
    const left = new Set(ids)
    const now = NOW + MINUTE
    for (const [at, id] of ids.entries()) {
      if (at % 4 === 0) await sessions.advance(id, 0, sampleAdvance(now))
      if (at % 4 === 1) await sessions.touch(id, now, now + DAY)
      if (at % 4 === 2) await sessions.advance(id, 0, sampleAdvance(now, { reauthenticated: { accountGeneration: 1 } }))
      if (at % 4 === 3) left.delete((await sessions.end(id))?.id ?? drawSessionId())
      assert.deepEqual(
        await listIds(sessions, accountId, now),
        ids.filter((one) => left.has(one)),
      )
    }
    const returning = await startSample(sessions, { accountId, id: ids[3] ?? drawSessionId() }, now)
    const expected = [returning.id, ...ids.filter((one) => left.has(one))]
    assert.deepEqual(await listIds(sessions, accountId, now), expected)
    assert.equal((await sessions.endAll(accountId, { below: 9 })).length, expected.length)
    assert.deepEqual(await listIds(sessions, accountId, now), [])
  }),
  holdTo('what is listed is what is found', async ({ sessions }) => {
    const accountId = drawAccountId()
    const started = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        startSample(sessions, { accountId, idleExpiresAt: NOW + HOUR + at }, NOW + at),
      ),
    )
    for (const now of [NOW + 29, NOW + HOUR, NOW + HOUR + 17, NOW + HOUR + 29]) {
      const found = await Promise.all(started.toReversed().map(({ id }) => sessions.find(id, now)))
      assertSame(
        await sessions.list(accountId, now),
        found.filter((session) => session !== undefined),
      )
    }
  }),
  holdTo('an id that comes back under another account is listed there alone', async ({ sessions }) => {
    const first = await startSample(sessions)
    await sessions.end(first.id)
    const second = await startSample(sessions, { id: first.id })
    assert.deepEqual(await sessions.list(first.accountId, NOW), [])
    assertSame(await sessions.list(second.accountId, NOW), [second])
    assert.deepEqual(await sessions.endAll(first.accountId, { below: 9 }), [])
    assertSame(await sessions.find(first.id, NOW), second)
  }),
  holdToAcrossRestart(
    'lists are the same after a restart',
    async ({ sessions }) => {
      const accountId = drawAccountId()
      const older = await startSample(sessions, { accountId }, NOW)
      const newer = await startSample(sessions, { accountId }, NOW + 1)
      const ended = await startSample(sessions, { accountId }, NOW + 2)
      await sessions.end(ended.id)
      return [newer, older] as const
    },
    async ({ sessions }, known) => assertSame(await sessions.list(known[0].accountId, NOW + 2), known),
  ),
]

const sweeps: readonly ConformanceCase[] = [
  holdTo('a sweep removes what had expired, by either expiry, and nothing that is live', async ({ sessions }) => {
    const accountId = drawAccountId()
    const now = NOW + DAY
    const idle = await startSample(sessions, { accountId, idleExpiresAt: now })
    const over = await startSample(sessions, { accountId, idleExpiresAt: now + DAY, expiresAt: now })
    const live = await startSample(sessions, { accountId, idleExpiresAt: now + 1 })
    assert.equal(await sweepAll(sessions, now, 10), 2)
    assertSame(await sessions.list(accountId, NOW), [live])
    for (const { id } of [idle, over]) assert.equal(await sessions.end(id), undefined)
  }),
  holdTo('a sweep removes at most as many as it may, and the next ones the rest', async ({ sessions }) => {
    for (let at = 0; at < 25; at++) await startSample(sessions, { idleExpiresAt: NOW + at })
    const live = await startSample(sessions)
    assert.equal(await sweepAll(sessions, NOW + 24, 4), 25)
    assertSame(await sessions.find(live.id, NOW), live)
  }),
  holdTo('a sweep spares a session that was used, however often one came by before', async ({ sessions }) => {
    const touched = await startSample(sessions)
    const rotated = await startSample(sessions)
    assert.equal(await sessions.sweep(NOW + HOUR, 10), 0)
    await sessions.touch(touched.id, NOW + HOUR, NOW + 2 * DAY)
    await sessions.advance(rotated.id, 0, sampleAdvance(NOW + HOUR, { idleExpiresAt: NOW + 2 * DAY }))
    assert.equal(await sweepAll(sessions, NOW + DAY + HOUR, 1), 0)
    for (const { id } of [touched, rotated]) assert.ok(await sessions.find(id, NOW + DAY + HOUR))
    assert.equal(await sweepAll(sessions, NOW + 2 * DAY, 1), 2)
  }),
  holdTo('a sweep takes the attributes too, and frees the id', async ({ sessions }) => {
    const first = await startSample(sessions)
    await sessions.writeAttributes(first.id, 0, { cart: 1 }, NOW)
    assert.equal(await sweepAll(sessions, NOW + DAY, 10), 1)
    const second = await startSample(sessions, { id: first.id })
    assertSame(await sessions.readAttributes(second.id, NOW), { version: 0, attributes: {} })
    assert.deepEqual(await sessions.list(first.accountId, NOW), [])
  }),
  holdTo('a sweep that may remove nothing removes nothing', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    assert.equal(await sessions.sweep(NOW + DAY, 0), 0)
    assert.ok(await sessions.find(id, NOW))
  }),
]

/** What is listed, and what is swept. */
export const sessionListCases: readonly ConformanceCase[] = [...lists, ...sweeps]
