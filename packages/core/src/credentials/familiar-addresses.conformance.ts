import assert from 'node:assert/strict'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from '../stores/conformance/case.ts'
import { DAY, NOW, race, RACERS } from '../stores/conformance/sample.ts'
import { FAMILIAR_GROUPS_PER_ACCOUNT, type FamiliarAddresses } from './familiar-addresses.ts'

const UNTIL = NOW + 30 * DAY

function place(number: number): string {
  return `2001:db8:0:${number.toString(16)}::/64`
}

/** Remembers these places for Ada, one after the other. */
async function rememberInTurn(familiar: FamiliarAddresses, places: readonly number[]): Promise<void> {
  for (const number of places) await familiar.remember('ada', place(number), UNTIL)
}

/** Which of the first `count` places Ada is known from. */
async function knownPlaces(familiar: FamiliarAddresses, count: number): Promise<number[]> {
  const known = await race(count, (number) => familiar.knows('ada', place(number), NOW))
  return known.flatMap((isKnown, number) => (isKnown ? [number] : []))
}

/** What all `FamiliarAddresses` hold to. */
export const familiarAddressCases: readonly ConformanceCase[] = [
  holdTo('a group that was remembered is familiar until its time, and not at that instant', async ({ familiar }) => {
    assert.equal(await familiar.knows('ada', '192.0.2.1', NOW), false)
    await familiar.remember('ada', '192.0.2.1', UNTIL)
    assert.equal(await familiar.knows('ada', '192.0.2.1', NOW), true)
    assert.equal(await familiar.knows('ada', '192.0.2.1', UNTIL - 1), true)
    assert.equal(await familiar.knows('ada', '192.0.2.1', UNTIL), false)
  }),
  holdTo('a group that is remembered again is familiar for longer', async ({ familiar }) => {
    await familiar.remember('ada', '192.0.2.1', NOW + 1000)
    await familiar.remember('ada', '192.0.2.1', UNTIL)
    assert.equal(await familiar.knows('ada', '192.0.2.1', UNTIL - 1), true)
    assert.equal(await familiar.knows('ada', '192.0.2.1', UNTIL), false)
  }),
  holdTo('a group that was forgotten is familiar again when it is remembered again', async ({ familiar }) => {
    await familiar.remember('ada', '192.0.2.1', NOW)
    assert.equal(await familiar.knows('ada', '192.0.2.1', NOW), false)
    await familiar.remember('ada', '192.0.2.1', UNTIL)
    assert.equal(await familiar.knows('ada', '192.0.2.1', NOW), true)
  }),
  holdTo('a group is familiar to the account that it was remembered for, and to no other', async ({ familiar }) => {
    await familiar.remember('ada', 'b 1', UNTIL)
    assert.equal(await familiar.knows('ada', 'b 2', NOW), false)
    assert.equal(await familiar.knows('bob', 'b 1', NOW), false)
    assert.equal(await familiar.knows('ada b', '1', NOW), false)
    await familiar.remember('ada:b', '1', UNTIL)
    assert.equal(await familiar.knows('ada', 'b:1', NOW), false)
  }),
  holdTo('of one account the last that were remembered stay, and the one before them goes', async ({ familiar }) => {
    const all = Array.from({ length: FAMILIAR_GROUPS_PER_ACCOUNT }, (_, number) => number)
    await rememberInTurn(familiar, all)
    assert.deepEqual(await knownPlaces(familiar, 12), all)
    await rememberInTurn(familiar, [8])
    assert.deepEqual(await knownPlaces(familiar, 12), [1, 2, 3, 4, 5, 6, 7, 8])
    await rememberInTurn(familiar, [9, 10])
    assert.deepEqual(await knownPlaces(familiar, 12), [3, 4, 5, 6, 7, 8, 9, 10])
  }),
  holdTo('a group that is remembered again goes after those that were remembered before that', async ({ familiar }) => {
    await rememberInTurn(familiar, [0, 1, 2, 3, 4, 5, 6, 7, 0, 2, 0])
    await rememberInTurn(familiar, [8, 9])
    assert.deepEqual(await knownPlaces(familiar, 12), [0, 2, 4, 5, 6, 7, 8, 9])
  }),
  holdTo('asking about a group does not keep it', async ({ familiar }) => {
    await rememberInTurn(familiar, [0, 1, 2, 3, 4, 5, 6, 7])
    await race(5, () => familiar.knows('ada', place(0), NOW))
    await rememberInTurn(familiar, [8])
    assert.deepEqual(await knownPlaces(familiar, 12), [1, 2, 3, 4, 5, 6, 7, 8])
  }),
  holdTo('a group that was remembered last stays, also when the clock has been set back', async ({ familiar }) => {
    for (const number of [0, 1, 2, 3, 4, 5, 6, 7]) await familiar.remember('ada', place(number), UNTIL + 365 * DAY)
    await rememberInTurn(familiar, [8, 9])
    assert.deepEqual(await knownPlaces(familiar, 12), [2, 3, 4, 5, 6, 7, 8, 9])
  }),
  holdTo('one account cannot displace the groups of another', async ({ familiar }) => {
    await rememberInTurn(familiar, [0, 1, 2])
    for (let number = 0; number < 50; number++) await familiar.remember('mallory', place(number), UNTIL)
    assert.deepEqual(await knownPlaces(familiar, 12), [0, 1, 2])
  }),
  holdTo('of groups that are remembered at once as many stay as there is room for', async ({ familiar }) => {
    await race(RACERS, (number) => familiar.remember('ada', place(number), UNTIL))
    assert.equal((await knownPlaces(familiar, RACERS)).length, FAMILIAR_GROUPS_PER_ACCOUNT)
    await rememberInTurn(familiar, [RACERS])
    const known = await knownPlaces(familiar, RACERS + 1)
    assert.equal(known.length, FAMILIAR_GROUPS_PER_ACCOUNT)
    assert.equal(known.at(-1), RACERS)
  }),
  holdTo('one group that is remembered many times at once takes one place', async ({ familiar }) => {
    await rememberInTurn(familiar, [1, 2, 3, 4, 5, 6, 7])
    await race(RACERS, () => familiar.remember('ada', place(0), UNTIL))
    assert.deepEqual(await knownPlaces(familiar, 12), [0, 1, 2, 3, 4, 5, 6, 7])
  }),
  holdToAcrossRestart(
    'familiar groups are the same after a restart, and go in the same order',
    ({ familiar }) => rememberInTurn(familiar, [7, 6, 5, 4, 3, 2, 1, 0]),
    async ({ familiar }) => {
      assert.deepEqual(await knownPlaces(familiar, 12), [0, 1, 2, 3, 4, 5, 6, 7])
      await rememberInTurn(familiar, [8])
      assert.deepEqual(await knownPlaces(familiar, 12), [0, 1, 2, 3, 4, 5, 6, 8])
      assert.equal(await familiar.knows('ada', place(0), UNTIL), false)
    },
  ),
]
