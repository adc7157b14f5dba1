import { describe, expect, it } from 'vitest'
import { CLAUSES, type Clause } from './checks.ts'
import { findMutant, MUTANTS } from './mutants/index.ts'
import { search } from './search.ts'

/** The first seed from 1 on that catches a mutant, and the clause that it breaks there. */
const CAUGHT: readonly (readonly [name: string, seed: number, clause: Clause])[] = [
  ['monotonic-clock-alone', 55, 'G1'],
  ['wall-clock-alone', 18, 'G2'],
  ['decision-before-signature-work', 10, 'G1'],
  ['acceptance-before-first-lease', 2, 'G1'],
  ['acceptance-on-feed-error', 2, 'G3'],
  ['position-without-incarnation', 65, 'G3'],
  ['streams-outlive-the-lease', 10, 'cut-off'],
  ['lease-from-receive-time', 52, 'G2'],
  ['push-renews-the-lease', 29, 'G2'],
  ['pushes-ignored', 1, 'liveness'],
  ['renew-event-renews-the-lease', 14, 'G1'],
  ['late-answer-taken', 46, 'G1'],
  ['partial-answer-taken-as-complete', 6, 'G1'],
  ['gap-ignored', 17, 'G3'],
  ['snapshot-without-floor', 11, 'G3'],
  ['record-dropped-too-early', 1, 'G2'],
  ['old-tokens-judged', 11, 'G3'],
  ['floor-too-high', 1, 'liveness'],
  ['spared-for-ever', 2, 'G3'],
  ['spared-forgotten', 1, 'false alarm'],
  ['incarnation-ignored', 5, 'G2'],
  ['leases-forgotten-at-restart', 33, 'G2'],
  ['lease-noted-too-late', 59, 'G2'],
  ['word-of-leases-never-kept', 3, 'G2'],
  ['other-nodes-ignored', 1, 'G2'],
  ['leases-unannounced', 8, 'G2'],
  ['announced-once', 20, 'G2'],
  ['reports-lost-with-the-log', 31, 'G2'],
  ['horizon-too-far', 8, 'G2'],
  ['heard-too-much', 2, 'G2'],
  ['kept-without-a-lease', 32, 'G1'],
  ['endings-of-sessions-alone', 1, 'G2'],
  ['kept-across-logs', 5, 'G1'],
]

/** A search begins so many seeds earlier, and goes on so far. */
const EARLIER = 3
const SEEDS = 600

/** Clauses that a mistake elsewhere could break in its stead. */
const ignored = (clause: Clause): ReadonlySet<Clause> =>
  new Set(CLAUSES.filter((each) => (each === 'wait' || each === 'cut-off') && each !== clause))

describe('a mutant', () => {
  it.each(CAUGHT)('%s is caught', async (name, seed, clause) => {
    const mutant = findMutant(name)
    expect(mutant).toBeDefined()
    const from = Math.max(1, seed - EARLIER)
    const found = await search({ from, seeds: SEEDS }, { mutant, ignored: ignored(clause) })
    expect(found?.violation, `from seed ${String(from)} on`).toBeDefined()
  })

  it('is missing from no list', () => {
    expect(CAUGHT.map(([name]) => name).toSorted()).toEqual(MUTANTS.map(({ name }) => name).toSorted())
  })
})
