import assert from 'node:assert/strict'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from '../stores/conformance/case.ts'
import { HOUR, MINUTE, NOW, race, RACERS } from '../stores/conformance/sample.ts'
import { SPENT_PROOF_MARGIN_MS, SPENT_PROOFS_TIDIED, type SpentProofs } from './spent-proofs.ts'

const UNTIL = NOW + MINUTE
/** From this instant on a proof may be forgotten. */
const FORGOTTEN_AT = UNTIL + SPENT_PROOF_MARGIN_MS

/** Ids as they come: 43 characters. */
function idOf(name: string, number = 0): string {
  return `${name}-${number}`.padEnd(43, '_')
}

const ID = idOf('proof')

function idsOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => idOf(name, number))
}

/** Spends many, one after the other; those that were the first. */
async function spendInTurn(spent: SpentProofs, ids: readonly string[], until: number, now: number): Promise<string[]> {
  const first: string[] = []
  for (const id of ids) if (await spent.spend(id, until, now)) first.push(id)
  return first
}

const clocks: readonly ConformanceCase[] = [
  holdTo('a proof is spent once', async ({ spentProofs }) => {
    assert.equal(await spentProofs.spend(ID, UNTIL, NOW), true)
    assert.equal(await spentProofs.spend(ID, UNTIL, NOW), false)
    assert.equal(await spentProofs.spend(ID, UNTIL, NOW + 1), false)
  }),
  holdTo('who comes second is refused, however far behind or ahead its clock is', async ({ spentProofs }) => {
    assert.equal(await spentProofs.spend(ID, UNTIL, NOW), true)
    for (const skew of [1, 999, 1000, 5000, MINUTE, HOUR])
      for (const now of [NOW - skew, NOW + skew])
        assert.equal(await spentProofs.spend(ID, UNTIL, now), false, `${now - NOW} ms`)
  }),
  holdTo('who comes first is let in, however far behind or ahead its clock is', async ({ spentProofs }) => {
    for (const [number, skew] of [-HOUR, -1, 1, MINUTE - 1, MINUTE, MINUTE + 1].entries()) {
      assert.equal(await spentProofs.spend(idOf('skewed', number), UNTIL, NOW + skew), true, `${skew} ms`)
      assert.equal(await spentProofs.spend(idOf('skewed', number), UNTIL, NOW), false, `${skew} ms`)
    }
  }),
  holdTo('different proofs do not disturb one another', async ({ spentProofs }) => {
    const ids = [ID, ID.toUpperCase(), `${ID.slice(0, -1)}-`, `-${ID.slice(1)}`, idOf('proof', 1), idOf('other')]
    assert.deepEqual(await spendInTurn(spentProofs, ids, UNTIL, NOW), ids)
    assert.deepEqual(await spendInTurn(spentProofs, ids, UNTIL, NOW), [])
  }),
]

const races: readonly ConformanceCase[] = [
  holdTo('of those that race with one proof exactly one is let in, whatever their clocks say', async (stores) => {
    const { spentProofs } = stores
    const spend = (racer: number): Promise<boolean> => spentProofs.spend(ID, UNTIL, NOW + (racer - RACERS / 2) * 100)
    assert.equal((await race(RACERS, spend)).filter(Boolean).length, 1)
    assert.equal((await race(RACERS, spend)).filter(Boolean).length, 0)
  }),
  holdTo('of those that race with several proofs exactly one is let in with each', async ({ spentProofs }) => {
    const ids = idsOf('raced', 10)
    const spend = async (racer: number): Promise<string | undefined> => {
      const id = ids[racer % ids.length] ?? ID
      return (await spentProofs.spend(id, UNTIL, NOW + racer)) ? id : undefined
    }
    const first = (await race(ids.length * 8, spend)).filter((id) => id !== undefined)
    assert.deepEqual(first.toSorted(), ids.toSorted())
  }),
]

const tidying: readonly ConformanceCase[] = [
  holdTo(
    'a proof is remembered for the margin after its time, however many others come and go',
    async ({ spentProofs }) => {
      assert.equal(await spentProofs.spend(ID, UNTIL, NOW), true)
      for (const [round, now] of [UNTIL, UNTIL + 1, UNTIL + MINUTE, FORGOTTEN_AT - 1].entries()) {
        await spendInTurn(spentProofs, idsOf(`round ${round}`, 10), now + HOUR, now)
        assert.equal(await spentProofs.spend(ID, UNTIL, NOW), false, `at ${now - UNTIL} ms`)
      }
    },
  ),
  holdTo(
    'one that is refused neither prolongs nor shortens how long a proof is remembered',
    async ({ spentProofs }) => {
      assert.equal(await spentProofs.spend(ID, UNTIL, NOW), true)
      assert.equal(await spentProofs.spend(ID, NOW - HOUR, NOW), false)
      await spendInTurn(spentProofs, idsOf('before', 10), FORGOTTEN_AT + HOUR, FORGOTTEN_AT - 1)
      assert.equal(await spentProofs.spend(ID, UNTIL + HOUR, NOW), false)
      await spendInTurn(spentProofs, idsOf('after', 10), FORGOTTEN_AT + HOUR, FORGOTTEN_AT)
      assert.equal(await spentProofs.spend(ID, UNTIL, NOW), true)
    },
  ),
  holdTo('what nobody takes any more goes as others come, a few with each', async ({ spentProofs }) => {
    const old = idsOf('old', 60)
    assert.deepEqual(await spendInTurn(spentProofs, old, UNTIL, NOW), old)
    assert.equal(await spentProofs.spend(ID, FORGOTTEN_AT + HOUR, FORGOTTEN_AT), true)
    // By a clock that is behind nothing goes: those that can be spent again are those that were forgotten.
    const gone = await spendInTurn(spentProofs, old, UNTIL, NOW)
    assert.ok(gone.length > 0 && gone.length <= SPENT_PROOFS_TIDIED, `${gone.length} went with one`)
    await spendInTurn(spentProofs, idsOf('new', old.length), FORGOTTEN_AT + HOUR, FORGOTTEN_AT)
    const rest = old.filter((id) => !gone.includes(id))
    assert.deepEqual(await spendInTurn(spentProofs, rest, UNTIL, NOW), rest)
  }),
]

/** What all `SpentProofs` hold to. */
export const spentProofCases: readonly ConformanceCase[] = [
  ...clocks,
  ...races,
  ...tidying,
  holdToAcrossRestart(
    'a proof that was spent stays spent after a restart',
    ({ spentProofs }) => spentProofs.spend(ID, UNTIL, NOW),
    async ({ spentProofs }, isFirst) => {
      assert.equal(isFirst, true)
      assert.equal(await spentProofs.spend(ID, UNTIL, NOW - 1), false)
      assert.equal(await spentProofs.spend(idOf('other'), UNTIL, NOW), true)
    },
  ),
]
