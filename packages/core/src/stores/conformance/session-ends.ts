import assert from 'node:assert/strict'
import type { Session } from '../../sessions/session.ts'
import type { SessionStore } from '../session-store.ts'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import { assertSame, DAY, drawAccountId, HOUR, NOW, race, sampleAdvance, sampleSession, startSample } from './sample.ts'

/** Everything that writes to a session, at once. */
function writesTo(sessions: SessionStore, { id }: Session, now: number): (() => Promise<unknown>)[] {
  return [
    () => sessions.touch(id, now, now + 2 * DAY),
    () => sessions.advance(id, 0, sampleAdvance(now)),
    () => sessions.raise(id, 9, now),
    () => sessions.writeAttributes(id, 0, { cart: [1] }, now),
    () => sessions.advance(id, 0, sampleAdvance(now, { reauthenticated: { accountGeneration: 5 } })),
  ]
}

async function assertGone(sessions: SessionStore, { id, accountId }: Session): Promise<void> {
  assert.equal(await sessions.find(id, NOW), undefined)
  assert.equal(await sessions.readAttributes(id, NOW), undefined)
  const listed = await sessions.list(accountId, NOW)
  assert.ok(listed.every((session) => session.id !== id))
}

const ends: readonly ConformanceCase[] = [
  holdTo('an end answers what was ended, once', async ({ sessions }) => {
    const session = await startSample(sessions, { deviceLabel: 'phone' })
    assertSame(await sessions.end(session.id), session)
    assert.equal(await sessions.end(session.id), undefined)
    await assertGone(sessions, session)
  }),
  holdTo('of ends that race exactly one is told what it ended', async ({ sessions }) => {
    const session = await startSample(sessions)
    const answers = await race(20, () => sessions.end(session.id))
    assert.equal(answers.filter((answer) => answer !== undefined).length, 1)
    await assertGone(sessions, session)
  }),
  holdTo('an end leaves the other sessions of the account, and those of others, as they are', async ({ sessions }) => {
    const accountId = drawAccountId()
    const [ended, spared] = [await startSample(sessions, { accountId }), await startSample(sessions, { accountId })]
    const foreign = await startSample(sessions)
    await sessions.end(ended.id)
    assertSame(await sessions.list(accountId, NOW), [spared])
    assertSame(await sessions.find(foreign.id, NOW), foreign)
  }),
  holdTo('no write resurrects a session that has ended', async ({ sessions }) => {
    const session = await startSample(sessions)
    await sessions.end(session.id)
    for (const write of writesTo(sessions, session, NOW + HOUR)) {
      await write()
      await assertGone(sessions, session)
    }
  }),
  holdTo('no write that races with the end resurrects the session, whichever comes first', async ({ sessions }) => {
    for (let place = 0; place <= 5; place++) {
      const session = await startSample(sessions)
      const acts = writesTo(sessions, session, NOW + HOUR)
      acts.splice(place, 0, () => sessions.end(session.id))
      await Promise.all(acts.map((act) => act()))
      await assertGone(sessions, session)
      assert.equal(await sessions.end(session.id), undefined)
    }
  }),
  holdTo('no write that races with the end of all resurrects the session', async ({ sessions }) => {
    for (let place = 0; place < 5; place++) {
      const session = await startSample(sessions)
      const acts = writesTo(sessions, session, NOW + HOUR).slice(0, 4)
      acts.splice(place, 0, () => sessions.endAll(session.accountId, { below: 1 }))
      await Promise.all(acts.map((act) => act()))
      await assertGone(sessions, session)
    }
  }),
]

const ofAll: readonly ConformanceCase[] = [
  holdTo('the end of all ends what belongs to a generation below, and answers their ids', async ({ sessions }) => {
    const accountId = drawAccountId()
    const [first, second, third] = await Promise.all(
      [0, 1, 2].map((accountGeneration) => startSample(sessions, { accountId, accountGeneration })),
    )
    const foreign = await startSample(sessions)
    const ended = await sessions.endAll(accountId, { below: 2 })
    assert.deepEqual(new Set(ended), new Set([first?.id, second?.id]))
    assert.equal(ended.length, 2)
    assertSame(await sessions.list(accountId, NOW), [third])
    assertSame(await sessions.find(foreign.id, NOW), foreign)
    assert.deepEqual(await sessions.endAll(accountId, { below: 2 }), [])
  }),
  holdTo('the end of all spares the session to keep, as it is', async ({ sessions }) => {
    const accountId = drawAccountId()
    const kept = await startSample(sessions, { accountId })
    const other = await startSample(sessions, { accountId })
    await sessions.writeAttributes(kept.id, 0, { cart: 1 }, NOW)
    assert.deepEqual(await sessions.endAll(accountId, { below: 1, keep: kept.id }), [other.id])
    assertSame(await sessions.list(accountId, NOW), [kept])
    assertSame(await sessions.readAttributes(kept.id, NOW), { version: 1, attributes: { cart: 1 } })
  }),
  holdTo('a session that was kept once is not kept for ever', async ({ sessions }) => {
    const kept = await startSample(sessions)
    await sessions.endAll(kept.accountId, { below: 1, keep: kept.id })
    assert.deepEqual(await sessions.endAll(kept.accountId, { below: 2 }), [kept.id])
    await assertGone(sessions, kept)
  }),
  holdTo('a session that was re-authenticated belongs to the newer generation', async ({ sessions }) => {
    const { id, accountId } = await startSample(sessions)
    await sessions.advance(id, 0, sampleAdvance(NOW, { reauthenticated: { accountGeneration: 1 } }))
    assert.deepEqual(await sessions.endAll(accountId, { below: 1 }), [])
    assert.ok(await sessions.find(id, NOW))
  }),
  holdTo(
    'after the end of all a session of an older generation cannot start, one of the newer can',
    async ({ sessions }) => {
      const accountId = drawAccountId()
      assert.deepEqual(await sessions.endAll(accountId, { below: 3 }), [])
      const late = sampleSession({ accountId, accountGeneration: 2 })
      assert.equal(await sessions.start(late), 'superseded')
      await assertGone(sessions, late)
      await startSample(sessions, { accountId, accountGeneration: 3 })
      await startSample(sessions, { accountGeneration: 0 })
    },
  ),
  holdTo('an end of all that comes late does not let older generations start again', async ({ sessions }) => {
    const accountId = drawAccountId()
    await sessions.endAll(accountId, { below: 5 })
    await sessions.endAll(accountId, { below: 2 })
    assert.equal(await sessions.start(sampleSession({ accountId, accountGeneration: 4 })), 'superseded')
  }),
]

const racing: readonly ConformanceCase[] = [
  holdTo(
    'the end of all wins against sign-ins of the old generation, and spares those of the new',
    async ({ sessions }) => {
      for (let round = 0; round < 10; round++) {
        const accountId = drawAccountId()
        const old = Array.from({ length: 20 }, () => sampleSession({ accountId, accountGeneration: round }))
        const fresh = Array.from({ length: 5 }, () => sampleSession({ accountId, accountGeneration: round + 1 }))
        const begin = (session: Session) => sessions.start(session)
        const before = old.slice(0, round * 2).map(begin)
        const ending = sessions.endAll(accountId, { below: round + 1 })
        const after = [...old.slice(round * 2), ...fresh].map(begin)
        const outcomes = await Promise.all([...before, ...after])
        const ended = new Set(await ending)
        for (const [at, { id }] of old.entries()) {
          assert.equal(outcomes[at], ended.has(id) ? 'started' : 'superseded')
        }
        assert.deepEqual(
          outcomes.slice(old.length),
          Array.from(fresh, () => 'started'),
        )
        const surviving = await sessions.list(accountId, NOW)
        assert.deepEqual(new Set(surviving.map(({ id }) => id)), new Set(fresh.map(({ id }) => id)))
      }
    },
  ),
  holdTo(
    'a re-authentication that races with the end of all either comes first and survives, or ends',
    async ({ sessions }) => {
      for (const endsFirst of [true, false, true, false]) {
        const { id, accountId } = await startSample(sessions)
        const at = sampleAdvance(NOW, { reauthenticated: { accountGeneration: 1 } })
        const end = () => sessions.endAll(accountId, { below: 1 })
        const early = endsFirst ? end() : undefined
        const proof = sessions.advance(id, 0, at)
        const ended = await (early ?? end())
        const survived = (await proof) !== undefined
        assert.equal(ended.includes(id), !survived)
        assert.equal((await sessions.find(id, NOW)) !== undefined, survived)
      }
    },
  ),
]

const restarts: readonly ConformanceCase[] = [
  holdToAcrossRestart(
    'sessions, their attributes and what has ended are the same after a restart',
    async ({ sessions }) => {
      const accountId = drawAccountId()
      const [live, ended] = [await startSample(sessions, { accountId }), await startSample(sessions, { accountId })]
      await sessions.advance(live.id, 0, sampleAdvance(NOW))
      await sessions.writeAttributes(live.id, 0, { cart: [1] }, NOW)
      await sessions.end(ended.id)
      return { standing: await sessions.find(live.id, NOW), ended }
    },
    async ({ sessions }, { standing, ended }) => {
      assert.ok(standing)
      assertSame(await sessions.find(standing.id, NOW), standing)
      assertSame(await sessions.list(standing.accountId, NOW), [standing])
      assertSame(await sessions.readAttributes(standing.id, NOW), { version: 1, attributes: { cart: [1] } })
      await assertGone(sessions, ended)
    },
  ),
  holdToAcrossRestart(
    'after a restart a session of a generation that was ended still cannot start',
    async ({ sessions }) => {
      const accountId = drawAccountId()
      await sessions.endAll(accountId, { below: 3 })
      return accountId
    },
    async ({ sessions }, accountId) => {
      assert.equal(await sessions.start(sampleSession({ accountId, accountGeneration: 2 })), 'superseded')
      await startSample(sessions, { accountId, accountGeneration: 3 })
    },
  ),
]

/** What an end leaves behind: nothing, and nobody who slips through. */
export const sessionEndCases: readonly ConformanceCase[] = [...ends, ...ofAll, ...racing, ...restarts]
