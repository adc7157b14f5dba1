import { expect, it } from 'vitest'
import { Journal, type Verdict } from './journal.ts'

function journalOf(...verdicts: readonly Verdict[]): Journal {
  const journal = new Journal()
  // A probe begins at each full ten, and takes one millisecond.
  for (const [at, verdict] of verdicts.entries()) journal.note(at * 10, at * 10 + 1, verdict)
  return journal
}

const WHOLE = { from: 0, to: Infinity, cuts: [] }

it('the rejection is the first refusal after which nothing was accepted', () => {
  const sighting = journalOf('accepted', 'refused', 'accepted', 'unknown', 'refused', 'refused').answer(WHOLE)
  expect(sighting).toMatchObject({ lastAcceptedStart: 20, refusedFrom: 41, lastDeniedEnd: 51 })
})

it('an acceptance counts as late when it started after the instant, not when it ended after it', () => {
  const journal = journalOf('accepted', 'accepted', 'accepted')
  expect(journal.answer({ ...WHOLE, cuts: [10, 9.9, 20.5, 20] }).acceptedAfter).toEqual([1, 2, 0, 0])
})

it('availability counts what started in the window, and what nobody could tell counts against it', () => {
  const journal = journalOf('accepted', 'unknown', 'accepted', 'accepted')
  expect(journal.answer({ from: 5, to: 25, cuts: [] })).toMatchObject({ accepted: 1, probes: 2 })
})

it('nothing is lost when it grows', () => {
  const journal = new Journal()
  for (let at = 0; at < 5000; at++) journal.note(at, at, at < 4999 ? 'accepted' : 'refused')
  expect(journal.answer(WHOLE)).toMatchObject({ accepted: 4999, probes: 5000, refusedFrom: 4999 })
  expect(journal.latest).toBe('refused')
})
