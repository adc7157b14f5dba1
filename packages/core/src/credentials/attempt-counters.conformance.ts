import assert from 'node:assert/strict'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from '../stores/conformance/case.ts'
import { HOUR, NOW, race, RACERS } from '../stores/conformance/sample.ts'
import type { AttemptCounters, AttemptRule } from './attempt-counters.ts'

const RULE: AttemptRule = { name: 'tries', attempts: 3, windowMs: 10_000 }
const ENDS_AT = NOW + RULE.windowMs
const REFUSED = { taken: false, retryAfterMs: RULE.windowMs }

/** Takes `times` attempts of one subject, one after the other; how many were taken. */
async function takeInTurn(counters: AttemptCounters, times: number, now = NOW, rule = RULE): Promise<number> {
  let taken = 0
  for (let at = 0; at < times; at++) if ((await counters.take(rule, 'ada', now)).taken) taken++
  return taken
}

/** Lets `RACERS` take at once; how many did. */
async function takeAtOnce(counters: AttemptCounters, rule: AttemptRule, now: number): Promise<number> {
  const takings = await race(RACERS, () => counters.take(rule, 'ada', now))
  return takings.filter(({ taken }) => taken).length
}

const windows: readonly ConformanceCase[] = [
  holdTo('as many are taken as the rule allows, in a window that begins with the first', async ({ counters }) => {
    assert.deepEqual(await counters.take(RULE, 'ada', NOW), { taken: true, windowEndsAt: ENDS_AT })
    assert.deepEqual(await counters.take(RULE, 'ada', NOW + 4_000), { taken: true, windowEndsAt: ENDS_AT })
    assert.deepEqual(await counters.take(RULE, 'ada', ENDS_AT - 2), { taken: true, windowEndsAt: ENDS_AT })
    assert.deepEqual(await counters.take(RULE, 'ada', ENDS_AT - 1), { taken: false, retryAfterMs: 1 })
    const next = { taken: true, windowEndsAt: ENDS_AT + RULE.windowMs }
    assert.deepEqual(await counters.take(RULE, 'ada', ENDS_AT), next)
    assert.equal(await takeInTurn(counters, 5, ENDS_AT + 1), 2)
  }),
  holdTo('a window that has ended leaves nothing to the next, however late that begins', async ({ counters }) => {
    assert.equal(await takeInTurn(counters, 5), 3)
    const late = NOW + 1000 * HOUR
    assert.deepEqual(await counters.take(RULE, 'ada', late), { taken: true, windowEndsAt: late + RULE.windowMs })
    assert.equal(await takeInTurn(counters, 5, late + 1), 2)
  }),
  holdTo('one that is refused is not counted, and prolongs nothing', async ({ counters }) => {
    assert.equal(await takeInTurn(counters, 3), 3)
    assert.equal(await takeInTurn(counters, 20, NOW + 5_000), 0)
    assert.deepEqual(await counters.take(RULE, 'ada', ENDS_AT - 1), { taken: false, retryAfterMs: 1 })
    await counters.giveBack(RULE, 'ada', ENDS_AT)
    assert.equal(await takeInTurn(counters, 5, ENDS_AT - 1), 1)
    assert.equal(await takeInTurn(counters, 5, ENDS_AT), 3)
  }),
  holdTo('a rule that has come to allow more or fewer holds for the window that stands', async ({ counters }) => {
    assert.equal(await takeInTurn(counters, 3), 3)
    assert.deepEqual(await counters.take({ ...RULE, attempts: 2 }, 'ada', NOW), REFUSED)
    assert.equal(await takeInTurn(counters, 5, NOW, { ...RULE, attempts: 5 }), 2)
  }),
  holdTo('rules are counted apart, and so are subjects', async ({ counters }) => {
    assert.equal(await takeInTurn(counters, 5), 3)
    for (const [name, subject] of [
      ['tries', 'bob'],
      ['others', 'ada'],
      ['tries a', 'da'],
      ['triesa', 'da'],
      ['tries:a', 'b'],
      ['tries', 'a:b'],
    ] as const) {
      const takings = await race(4, () => counters.take({ ...RULE, name }, subject, NOW + 1))
      assert.equal(takings.filter(({ taken }) => taken).length, 3, `${name}, ${subject}`)
    }
    await counters.giveBack({ ...RULE, name: 'others' }, 'ada', ENDS_AT + 1)
    await counters.giveBack(RULE, 'bob', ENDS_AT + 1)
    assert.deepEqual(await counters.take(RULE, 'ada', NOW), REFUSED)
  }),
  holdTo('a clock that was set back blocks nobody for longer than a window', async ({ counters }) => {
    assert.equal(await takeInTurn(counters, 5, NOW + HOUR), 3)
    assert.deepEqual(await counters.take(RULE, 'ada', NOW), { taken: true, windowEndsAt: ENDS_AT })
    assert.equal(await takeInTurn(counters, 5), 2)
    assert.deepEqual(await counters.take(RULE, 'ada', NOW), REFUSED)
  }),
]

const returns: readonly ConformanceCase[] = [
  holdTo('one that was given back can be taken again, once', async ({ counters }) => {
    assert.equal(await takeInTurn(counters, 3), 3)
    await counters.giveBack(RULE, 'ada', ENDS_AT)
    assert.equal(await takeInTurn(counters, 5), 1)
    await counters.giveBack(RULE, 'ada', ENDS_AT)
    await counters.giveBack(RULE, 'ada', ENDS_AT)
    assert.equal(await takeInTurn(counters, 5, NOW + 1), 2)
    assert.deepEqual(await counters.take(RULE, 'ada', NOW), REFUSED)
  }),
  holdTo('one is given back to the window that it was taken from, and to no later one', async ({ counters }) => {
    assert.equal(await takeInTurn(counters, 3), 3)
    assert.equal(await takeInTurn(counters, 3, ENDS_AT), 3)
    await counters.giveBack(RULE, 'ada', ENDS_AT)
    assert.equal(await takeInTurn(counters, 5, ENDS_AT), 0)
  }),
  holdTo('what was never taken cannot be given back', async ({ counters }) => {
    await counters.giveBack(RULE, 'ada', ENDS_AT)
    assert.equal(await takeInTurn(counters, 1), 1)
    for (let times = 0; times < 4; times++) await counters.giveBack(RULE, 'ada', ENDS_AT)
    assert.equal(await takeInTurn(counters, 5), 3)
  }),
]

const races: readonly ConformanceCase[] = [
  holdTo('of those that race exactly as many are taken as the rule allows', async ({ counters }) => {
    const rule = { ...RULE, attempts: 7 }
    assert.equal(await takeAtOnce(counters, rule, NOW), 7)
    assert.deepEqual(await counters.take(rule, 'ada', NOW), REFUSED)
  }),
  holdTo(
    'of those that race for the next window exactly as many are taken as the rule allows',
    async ({ counters }) => {
      const rule = { ...RULE, attempts: 7 }
      assert.equal(await takeInTurn(counters, 5, NOW, rule), 5)
      assert.equal(await takeAtOnce(counters, rule, ENDS_AT), 7)
    },
  ),
  holdTo('each of those that are given back at once can be taken again', async ({ counters }) => {
    const rule = { ...RULE, attempts: RACERS }
    assert.equal(await takeAtOnce(counters, rule, NOW), RACERS)
    await race(9, () => counters.giveBack(rule, 'ada', ENDS_AT))
    assert.equal(await takeAtOnce(counters, rule, NOW), 9)
  }),
]

/** What all `AttemptCounters` hold to. */
export const attemptCounterCases: readonly ConformanceCase[] = [
  ...windows,
  ...returns,
  ...races,
  holdToAcrossRestart(
    'what was counted stays counted after a restart, until the window ends',
    ({ counters }) => takeInTurn(counters, 5),
    async ({ counters }) => {
      assert.deepEqual(await counters.take(RULE, 'ada', NOW), REFUSED)
      await counters.giveBack(RULE, 'ada', ENDS_AT)
      assert.equal(await takeInTurn(counters, 5), 1)
      assert.deepEqual(await counters.take(RULE, 'ada', ENDS_AT - 1), { taken: false, retryAfterMs: 1 })
      assert.equal(await takeInTurn(counters, 5, ENDS_AT), 3)
    },
  ),
]
