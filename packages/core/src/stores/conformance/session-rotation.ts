import assert from 'node:assert/strict'
import type { Session } from '../../sessions/session.ts'
import type { SessionStore } from '../session-store.ts'
import { holdTo, type ConformanceCase } from './case.ts'
import {
  assertSame,
  DAY,
  drawAccountId,
  HOUR,
  MINUTE,
  NOW,
  race,
  RACERS,
  sampleAdvance,
  startSample,
} from './sample.ts'

type Outcome = Awaited<ReturnType<SessionStore['advance']>>

function advancedOf(outcomes: readonly Outcome[]): Session[] {
  return outcomes.flatMap((outcome) => (outcome !== undefined && 'advanced' in outcome ? [outcome.advanced] : []))
}

function standingOf(outcomes: readonly Outcome[]): Session[] {
  return outcomes.flatMap((outcome) => (outcome !== undefined && 'standing' in outcome ? [outcome.standing] : []))
}

/** One winner, all others see the session as the winner left it, and it stands like that. */
async function assertOneWinner(sessions: SessionStore, outcomes: readonly Outcome[], now: number): Promise<Session> {
  const [winner, ...more] = advancedOf(outcomes)
  assert.ok(winner)
  assert.equal(more.length, 0, `${more.length + 1} callers won one race`)
  const losers = standingOf(outcomes)
  assert.equal(losers.length, outcomes.length - 1)
  for (const loser of losers) assertSame(loser, winner)
  assertSame(await sessions.find(winner.id, now), winner)
  return winner
}

const moves: readonly ConformanceCase[] = [
  holdTo(
    'an advance moves the generation by one and sets who, when, last-seen and idle expiry, and nothing else',
    async ({ sessions }) => {
      const session = await startSample(sessions, { generation: 5, floor: 2, deviceLabel: 'phone' })
      const at = sampleAdvance(NOW + HOUR)
      const expected = { ...session, generation: 6, rotated: at.use, seenAt: at.now, idleExpiresAt: at.idleExpiresAt }
      assertSame(await sessions.advance(session.id, 5, at), { advanced: expected })
      assertSame(await sessions.find(session.id, at.now), expected)
      assertSame(await sessions.list(session.accountId, at.now), [expected])
    },
  ),
  holdTo(
    'an advance from another generation changes nothing and answers the session as it stands',
    async ({ sessions }) => {
      const session = await startSample(sessions, { generation: 5 })
      for (const from of [0, 4, 6, 7]) {
        assertSame(await sessions.advance(session.id, from, sampleAdvance(NOW + HOUR)), { standing: session })
      }
      assertSame(await sessions.find(session.id, NOW), session)
    },
  ),
  holdTo(
    'an advance by someone without address and user agent leaves neither of the one before',
    async ({ sessions }) => {
      const { id } = await startSample(sessions)
      const outcome = await sessions.advance(id, 0, sampleAdvance(NOW, { use: { at: NOW } }))
      assertSame(advancedOf([outcome])[0]?.rotated, { at: NOW })
      assertSame((await sessions.find(id, NOW))?.rotated, { at: NOW })
    },
  ),
  holdTo('an advance changes the strategy where it brings one, and otherwise leaves it', async ({ sessions }) => {
    const session = await startSample(sessions, { strategy: 'hybrid' })
    const steps = [
      ['stateful', 'stateful'],
      [undefined, 'stateful'],
      ['hybrid', 'hybrid'],
      [undefined, 'hybrid'],
    ] as const
    for (const [from, [strategy, expected]] of steps.entries()) {
      const outcome = await sessions.advance(session.id, from, sampleAdvance(NOW, { strategy }))
      assert.equal(advancedOf([outcome])[0]?.strategy, expected)
      assert.equal((await sessions.find(session.id, NOW))?.strategy, expected)
      assert.equal((await sessions.list(session.accountId, NOW))[0]?.strategy, expected)
    }
  }),
  holdTo('an advance that loses its race changes no strategy', async ({ sessions }) => {
    const { id } = await startSample(sessions, { strategy: 'hybrid' })
    const outcomes = await race(RACERS, (racer) =>
      sessions.advance(id, 0, sampleAdvance(NOW, { strategy: racer === 0 ? 'stateful' : undefined })),
    )
    const winner = await assertOneWinner(sessions, outcomes, NOW)
    const first = outcomes[0]
    const moved = first !== undefined && 'advanced' in first
    assert.equal(winner.strategy, moved ? 'stateful' : 'hybrid')
    await sessions.advance(id, 0, sampleAdvance(NOW, { strategy: moved ? 'hybrid' : 'stateful' }))
    assertSame(await sessions.find(id, NOW), winner)
  }),
  holdTo('an advance never lets the idle expiry pass the absolute one', async ({ sessions }) => {
    const { id, expiresAt } = await startSample(sessions)
    await sessions.touch(id, NOW, expiresAt - HOUR)
    const outcome = await sessions.advance(id, 0, sampleAdvance(expiresAt - 2 * HOUR))
    assert.equal(advancedOf([outcome])[0]?.idleExpiresAt, expiresAt)
    assert.ok(await sessions.find(id, expiresAt - 1))
    assert.equal(await sessions.find(id, expiresAt), undefined)
  }),
  holdTo('an advance sets an earlier idle expiry too', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    await sessions.advance(id, 0, sampleAdvance(NOW, { idleExpiresAt: NOW + MINUTE }))
    assert.ok(await sessions.find(id, NOW + MINUTE - 1))
    assert.equal(await sessions.find(id, NOW + MINUTE), undefined)
    assert.equal(await sessions.sweep(NOW + MINUTE, 10), 1)
  }),
  holdTo('an advance does not wake a session that has expired', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    assert.equal(await sessions.advance(id, 0, sampleAdvance(NOW + DAY)), undefined)
    assert.equal((await sessions.find(id, NOW))?.generation, 0)
    assert.equal(await sessions.find(id, NOW + DAY), undefined)
  }),
  holdTo('an advance does not wake a session that has ended', async ({ sessions }) => {
    const { id, accountId } = await startSample(sessions)
    await sessions.end(id)
    assert.equal(await sessions.advance(id, 0, sampleAdvance(NOW)), undefined)
    assert.equal(await sessions.find(id, NOW), undefined)
    assert.deepEqual(await sessions.list(accountId, NOW), [])
  }),
  holdTo('a re-authentication sets floor, account generation and the instant of the proof', async ({ sessions }) => {
    const session = await startSample(sessions, { generation: 5, accountGeneration: 1 })
    const at = sampleAdvance(NOW + HOUR, { reauthenticated: { accountGeneration: 3 } })
    const expected = {
      ...session,
      generation: 6,
      floor: 6,
      accountGeneration: 3,
      rotated: at.use,
      authenticatedAt: at.now,
      seenAt: at.now,
      idleExpiresAt: at.idleExpiresAt,
    }
    assertSame(await sessions.advance(session.id, 5, at), { advanced: expected })
    assertSame(await sessions.find(session.id, at.now), expected)
    const next = advancedOf([await sessions.advance(session.id, 6, sampleAdvance(NOW + DAY))])[0]
    assert.equal(next?.floor, 6, 'a later rotation leaves the floor')
    assert.equal(next.authenticatedAt, NOW + HOUR)
  }),
]

const races: readonly ConformanceCase[] = [
  holdTo(
    `of ${RACERS} callers that race from one generation exactly one advances, round after round`,
    async ({ sessions }) => {
      const { id } = await startSample(sessions)
      for (let round = 0; round < 10; round++) {
        const now = NOW + round * MINUTE
        const outcomes = await race(RACERS, (racer) =>
          sessions.advance(id, round, sampleAdvance(now, { use: { at: now, userAgent: `racer ${racer}` } })),
        )
        const winner = await assertOneWinner(sessions, outcomes, now)
        assert.equal(winner.generation, round + 1)
        const wonBy = outcomes.findIndex((outcome) => outcome !== undefined && 'advanced' in outcome)
        assert.equal(winner.rotated.userAgent, `racer ${wonBy}`, 'the one who is told to have won is the one on record')
      }
    },
  ),
  holdTo(
    'races for many sessions at once have one winner each, and each answer is about the session asked for',
    async ({ sessions }) => {
      const started = await Promise.all(Array.from({ length: 20 }, () => startSample(sessions)))
      const asked = Array.from({ length: 10 }, () => started).flat()
      const outcomes = await Promise.all(asked.map(({ id }) => sessions.advance(id, 0, sampleAdvance(NOW))))
      for (const session of started) {
        const ofSession = outcomes.filter((_, at) => asked[at]?.id === session.id)
        const winner = await assertOneWinner(sessions, ofSession, NOW)
        assert.equal(winner.id, session.id)
        assert.equal(winner.accountId, session.accountId)
      }
    },
  ),
  holdTo(
    'two advances of one session in one tick are two answers: one wins, the other sees the winner',
    async ({ sessions }) => {
      const bystander = await startSample(sessions)
      const { id } = await startSample(sessions)
      const outcomes = await Promise.all([
        sessions.advance(id, 0, sampleAdvance(NOW, { use: { at: NOW, userAgent: 'first' } })),
        sessions.advance(bystander.id, 0, sampleAdvance(NOW)),
        sessions.advance(id, 0, sampleAdvance(NOW, { use: { at: NOW, userAgent: 'second' } })),
      ])
      await assertOneWinner(sessions, [outcomes[0], outcomes[2]], NOW)
      assert.equal(advancedOf([outcomes[1]])[0]?.id, bystander.id)
    },
  ),
  holdTo('advances from successive generations in one tick count each step once', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    const outcomes = await race(RACERS, (racer) => sessions.advance(id, racer % 5, sampleAdvance(NOW)))
    const reached = advancedOf(outcomes).map(({ generation }) => generation)
    assert.equal(new Set(reached).size, reached.length, 'one generation was given to two callers')
    assert.equal((await sessions.find(id, NOW))?.generation, reached.length)
  }),
  holdTo('of a re-authentication and rotations that race exactly one advances', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    const accountGeneration = 9
    const outcomes = await race(RACERS, (racer) =>
      sessions.advance(id, 0, sampleAdvance(NOW, racer % 2 === 0 ? {} : { reauthenticated: { accountGeneration } })),
    )
    const winner = await assertOneWinner(sessions, outcomes, NOW)
    const wonBy = outcomes.findIndex((outcome) => outcome !== undefined && 'advanced' in outcome)
    assert.equal(winner.floor, wonBy % 2)
    assert.equal(winner.accountGeneration, wonBy % 2 === 0 ? 0 : accountGeneration)
  }),
  holdTo('a race between accounts mixes nothing up', async ({ sessions }) => {
    const owners = Array.from({ length: 10 }, drawAccountId)
    const started = await Promise.all(owners.map((accountId) => startSample(sessions, { accountId })))
    await Promise.all(started.map(({ id }, at) => sessions.advance(id, 0, sampleAdvance(NOW + at))))
    for (const [at, { id, accountId }] of started.entries()) {
      const [listed, ...others] = await sessions.list(accountId, NOW)
      assert.deepEqual(others, [])
      assert.equal(listed?.id, id)
      assert.equal(listed.rotated.at, NOW + at)
    }
  }),
]

/** What a rotation changes, and who wins when many rotate. */
export const sessionRotationCases: readonly ConformanceCase[] = [...moves, ...races]
