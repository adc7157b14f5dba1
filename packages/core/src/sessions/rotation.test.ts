import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideRotation } from './rotation.ts'
import type { Session } from './session.ts'

const WINDOW_MS = 30_000

function standingAt(generation: number, rotatedAt: number, floor = 0): Session {
  const use = { at: rotatedAt }
  return {
    id: 'AAAAAAAAAAAAAAAAAAAAAA' as Session['id'],
    accountId: 'AAAAAAAAAAAAAAAAAAAAAQ' as Session['accountId'],
    applicationId: 'shop' as Session['applicationId'],
    strategy: 'hybrid',
    generation,
    floor,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: 0,
    started: { at: 0 },
    seenAt: rotatedAt,
    idleExpiresAt: Infinity,
    expiresAt: Infinity,
  }
}

describe('the table of rotation.md', () => {
  const rotatedAt = 1_000_000
  it.each([
    ['the current generation rotates', 5, 'bearer', 0, 'rotate'],
    ['the current generation rotates however long ago it came', 5, 'bearer', 10 * WINDOW_MS, 'rotate'],
    ['the previous one gets the same answer within the window', 4, 'bearer', 1, 'replay'],
    ['the previous one gets the same answer at the last millisecond of the window', 4, 'bearer', WINDOW_MS, 'replay'],
    ['the previous one after the window is reuse', 4, 'bearer', WINDOW_MS + 1, 'reuse'],
    [
      'the previous one after the window recovers when possession of the key is proved',
      4,
      'bound',
      WINDOW_MS + 1,
      'recover',
    ],
    ['an older one is reuse, also within the window', 3, 'bearer', 0, 'reuse'],
    ['an older one is reuse, whoever proves what', 3, 'bound', 0, 'reuse'],
    ['a newer one shows that the store lost writes', 6, 'bearer', 0, 'heal'],
    ['a much newer one too', 500, 'bearer', 10 * WINDOW_MS, 'heal'],
  ] as const)('%s', (_title, presented, proof, since, expected) => {
    expect(decideRotation(standingAt(5, rotatedAt), presented, proof, rotatedAt + since, WINDOW_MS)).toBe(expected)
  })
})

it('a token from before a re-authentication is refused without a verdict of theft', () => {
  expect(decideRotation(standingAt(5, 0, 5), 4, 'bearer', 1, WINDOW_MS)).toBe('superseded')
  expect(decideRotation(standingAt(5, 0, 5), 0, 'bearer', 1, WINDOW_MS)).toBe('superseded')
})

it('a clock that was set back does not make a retry into theft', () => {
  expect(decideRotation(standingAt(5, 1_000_000), 4, 'bearer', 0, WINDOW_MS)).toBe('replay')
})

const cases = fc.record({
  generation: fc.nat(20),
  presented: fc.nat(22),
  proof: fc.constantFrom('bound', 'bearer'),
  since: fc.nat(3 * WINDOW_MS),
  floor: fc.nat(20),
})

it('only a token of the past is ever called reuse, and only the current one rotates', () => {
  fc.assert(
    fc.property(cases, ({ generation, presented, proof, since, floor }) => {
      const decision = decideRotation(
        standingAt(generation, 7, Math.min(floor, generation)),
        presented,
        proof,
        7 + since,
        WINDOW_MS,
      )
      expect(decision === 'rotate').toBe(presented === generation)
      expect(decision === 'heal').toBe(presented > generation)
      if (decision === 'reuse') expect(presented).toBeLessThan(generation)
    }),
  )
})

it('waiting never turns a refusal into an answer', () => {
  const rank = { rotate: 0, heal: 0, replay: 1, recover: 1, superseded: 2, reuse: 2 } as const
  fc.assert(
    fc.property(cases, fc.nat(WINDOW_MS), ({ generation, presented, proof, since, floor }, longer) => {
      const standing = standingAt(generation, 7, Math.min(floor, generation))
      const early = decideRotation(standing, presented, proof, 7 + since, WINDOW_MS)
      const late = decideRotation(standing, presented, proof, 7 + since + longer, WINDOW_MS)
      expect(rank[late]).toBeGreaterThanOrEqual(rank[early])
    }),
  )
})
