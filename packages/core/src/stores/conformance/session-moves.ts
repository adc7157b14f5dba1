import assert from 'node:assert/strict'
import { holdTo, type ConformanceCase } from './case.ts'
import { assertSame, DAY, HOUR, MINUTE, NOW, race, RACERS, sampleAdvance, startSample } from './sample.ts'

const raises: readonly ConformanceCase[] = [
  holdTo('a raise lifts the generation, and changes nothing else', async ({ sessions }) => {
    const session = await startSample(sessions, { generation: 2, floor: 1 })
    const expected = { ...session, generation: 9 }
    assertSame(await sessions.raise(session.id, 9, NOW + HOUR), expected)
    assertSame(await sessions.find(session.id, NOW), expected)
  }),
  holdTo('a raise never lowers the generation, and answers the session as it stands', async ({ sessions }) => {
    const session = await startSample(sessions, { generation: 9 })
    for (const to of [9, 8, 0]) assertSame(await sessions.raise(session.id, to, NOW), session)
    assertSame(await sessions.find(session.id, NOW), session)
  }),
  holdTo('raises that race leave the highest generation', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    const answers = await race(RACERS, (racer) => sessions.raise(id, (racer * 7) % RACERS, NOW))
    assert.ok(answers.every((answer, racer) => answer !== undefined && answer.generation >= (racer * 7) % RACERS))
    assert.equal((await sessions.find(id, NOW))?.generation, RACERS - 1)
  }),
  holdTo('a raise does not wake a session that has expired', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    assert.equal(await sessions.raise(id, 5, NOW + DAY), undefined)
    assert.equal((await sessions.find(id, NOW))?.generation, 0)
  }),
]

const touches: readonly ConformanceCase[] = [
  holdTo('a touch moves last-seen and idle expiry forward, and nothing else', async ({ sessions }) => {
    const session = await startSample(sessions)
    await sessions.touch(session.id, NOW + HOUR, NOW + HOUR + DAY)
    const expected = { ...session, seenAt: NOW + HOUR, idleExpiresAt: NOW + HOUR + DAY }
    assertSame(await sessions.find(session.id, NOW + DAY), expected)
    assertSame(await sessions.list(session.accountId, NOW + DAY), [expected])
  }),
  holdTo('a touch that comes late moves neither last-seen nor idle expiry back', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    await sessions.touch(id, NOW + 2 * HOUR, NOW + 2 * HOUR + DAY)
    await sessions.touch(id, NOW + HOUR, NOW + HOUR + DAY)
    const touched = await sessions.find(id, NOW)
    assert.equal(touched?.seenAt, NOW + 2 * HOUR)
    assert.equal(touched.idleExpiresAt, NOW + 2 * HOUR + DAY)
  }),
  holdTo('a touch moves each of the two forward by itself', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    await sessions.touch(id, NOW + HOUR, NOW + MINUTE)
    await sessions.touch(id, NOW, NOW + 2 * DAY)
    const touched = await sessions.find(id, NOW)
    assert.equal(touched?.seenAt, NOW + HOUR)
    assert.equal(touched.idleExpiresAt, NOW + 2 * DAY)
  }),
  holdTo('a touch never lets the idle expiry pass the absolute one', async ({ sessions }) => {
    const { id, expiresAt } = await startSample(sessions)
    await sessions.touch(id, NOW + HOUR, expiresAt + DAY)
    assert.equal((await sessions.find(id, NOW))?.idleExpiresAt, expiresAt)
    assert.ok(await sessions.find(id, expiresAt - 1))
    assert.equal(await sessions.find(id, expiresAt), undefined)
  }),
  holdTo('a touch does not wake a session that had expired by then', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    await sessions.touch(id, NOW + DAY, NOW + 3 * DAY)
    assert.equal(await sessions.find(id, NOW + DAY), undefined)
    assert.equal((await sessions.find(id, NOW))?.seenAt, NOW)
  }),
  holdTo('touches that race leave the latest of each', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    await race(RACERS, (racer) => {
      const at = NOW + ((racer * 7) % RACERS) * MINUTE
      return sessions.touch(id, at, at + DAY)
    })
    const touched = await sessions.find(id, NOW)
    assert.equal(touched?.seenAt, NOW + (RACERS - 1) * MINUTE)
    assert.equal(touched.idleExpiresAt, NOW + (RACERS - 1) * MINUTE + DAY)
  }),
  holdTo('a touch that races with a rotation takes nothing of it back', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    for (let round = 0; round < 10; round++) {
      const now = NOW + round * HOUR
      const early = round % 2 === 0 ? sessions.touch(id, now, now + DAY) : undefined
      const outcome = sessions.advance(id, round, sampleAdvance(now))
      await (early ?? sessions.touch(id, now, now + DAY))
      const advanced = await outcome
      assert.ok(advanced !== undefined && 'advanced' in advanced)
      assert.equal((await sessions.find(id, now))?.generation, round + 1)
    }
  }),
]

/** What moves forward only. */
export const sessionMoveCases: readonly ConformanceCase[] = [...raises, ...touches]
