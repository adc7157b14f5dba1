import { describe, expect, it } from 'vitest'
import { caseNamed, pause, tryCase, type Mutant } from '../stores/mutant.fixture.ts'
import { MemorySpentProofs } from './memory-spent-proofs.ts'
import { spentProofCases } from './spent-proofs.conformance.ts'
import { SPENT_PROOF_MARGIN_MS, SPENT_PROOFS_TIDIED, type SpentProofs } from './spent-proofs.ts'

/** What a careless store does in place of each step of the sound one. */
interface Habits {
  readonly key?: (id: string, until: number) => string
  /** Whether a proof that is remembered still counts. */
  readonly stands?: (until: number, now: number) => boolean
  /** Whether it can be taken at all. */
  readonly admits?: (until: number, now: number) => boolean
  readonly between?: () => Promise<void>
  readonly tidied?: number
  readonly marginMs?: number
  /** What a refusal leaves behind. */
  readonly onRefusal?: (remembered: number, until: number) => number
}

/** Spent proofs in a plain map, sound but for these habits. */
function careless(habits: Habits): SpentProofs {
  const untilByKey = new Map<string, number>()
  const {
    key = (id) => id,
    stands = () => true,
    admits = () => true,
    between,
    tidied = SPENT_PROOFS_TIDIED,
    marginMs = SPENT_PROOF_MARGIN_MS,
    onRefusal = (remembered) => remembered,
  } = habits
  return {
    async spend(id, until, now) {
      const name = key(id, until)
      const remembered = untilByKey.get(name)
      if (between !== undefined) await between()
      const isFirst = (remembered === undefined || !stands(remembered, now)) && admits(until, now)
      untilByKey.set(name, isFirst || remembered === undefined ? until : onRefusal(remembered, until))
      const due = [...untilByKey].filter(([, each]) => each + marginMs <= now)
      for (const [each] of due.slice(0, tidied)) untilByKey.delete(each)
      return isFirst
    },
  }
}

function carelessMutant(fault: string, breaks: string, habits: Habits): Mutant {
  return { fault, breaks, mutate: () => ({ spentProofs: careless(habits) }) }
}

const SECOND = 'who comes second is refused, however far behind or ahead its clock is'
const APART = 'different proofs do not disturb one another'
const REMEMBERED = 'a proof is remembered for the margin after its time, however many others come and go'
const TIDIED = 'what nobody takes any more goes as others come, a few with each'
const UNCHANGED = 'one that is refused neither prolongs nor shortens how long a proof is remembered'

const mutants: readonly Mutant[] = [
  carelessMutant('everybody who is let in', 'a proof is spent once', { stands: () => false }),
  carelessMutant('a clock that is behind and lets in again', SECOND, { stands: (until, now) => until <= now + 60_000 }),
  carelessMutant('a clock that is ahead and lets in again', SECOND, { stands: (until, now) => now < until }),
  carelessMutant(
    'a proof that the clock of the store refuses',
    'who comes first is let in, however far behind or ahead its clock is',
    { admits: (until, now) => now < until },
  ),
  carelessMutant('ids that are told apart by their letters alone', APART, { key: (id) => id.toLowerCase() }),
  carelessMutant('ids that are cut short', APART, { key: (id) => id.slice(0, 42) }),
  carelessMutant('ids that begin late', APART, { key: (id) => id.slice(1) }),
  carelessMutant('a proof that is another one when its time is said to be', UNCHANGED, {
    key: (id, until) => `${id} ${until}`,
  }),
  carelessMutant(
    'one that looks and then writes',
    'of those that race with one proof exactly one is let in, whatever their clocks say',
    { between: pause },
  ),
  {
    fault: 'one that refuses whoever comes while others are let in',
    breaks: 'of those that race with several proofs exactly one is let in with each',
    mutate: ({ spentProofs }) => {
      let racing = 0
      const spend: SpentProofs['spend'] = async (id, until, now) => {
        if (racing > 3) return false
        racing++
        await pause()
        racing--
        return spentProofs.spend(id, until, now)
      }
      return { spentProofs: { spend } }
    },
  },
  carelessMutant('a proof that is forgotten when its time is over', REMEMBERED, { marginMs: 0 }),
  carelessMutant('a proof that is forgotten an instant early', REMEMBERED, { marginMs: SPENT_PROOF_MARGIN_MS - 1 }),
  carelessMutant('one that keeps everything', TIDIED, { tidied: 0 }),
  carelessMutant('one that tidies all at once', TIDIED, { tidied: Infinity }),
  carelessMutant('a refusal that prolongs', UNCHANGED, { onRefusal: Math.max }),
  carelessMutant('a refusal that shortens', UNCHANGED, { onRefusal: Math.min }),
  {
    fault: 'proofs that are forgotten with the process',
    breaks: 'a proof that was spent stays spent after a restart',
    mutate: () => ({}),
    restart: (stores) => ({ ...stores, spentProofs: new MemorySpentProofs() }),
  },
]

describe('the suite of spent proofs', () => {
  it.for(mutants)('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, spentProofCases), mutant)).toBeDefined()
  })

  it.for(spentProofCases)('passes a plain map without bad habits: $title', async (one) => {
    expect(await tryCase(one, { mutate: () => ({ spentProofs: careless({}) }) })).toBeUndefined()
  })
})
