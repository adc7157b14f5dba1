import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../stores/unavailable.ts'
import { MemorySpentProofs } from './memory-spent-proofs.ts'
import { SPENT_PROOF_MARGIN_MS } from './spent-proofs.ts'

describe('spent proofs in memory', () => {
  test('that are full let nobody in, and forget nobody early', async () => {
    const spent = new MemorySpentProofs(2)
    expect([await spent.spend('a', 100, 0), await spent.spend('b', 100, 0)]).toEqual([true, true])
    const forgottenAt = 100 + SPENT_PROOF_MARGIN_MS
    await expect(spent.spend('c', 100, forgottenAt - 1)).rejects.toThrow(StoreUnavailable)
    expect(await spent.spend('a', 100, forgottenAt - 1)).toBe(false)
    expect(await spent.spend('c', 300, forgottenAt)).toBe(true)
    expect(spent.size).toBe(1)
  })

  test('hold no more than those that are remembered, and a few, however many come', async () => {
    const spent = new MemorySpentProofs()
    for (let at = 0; at < 20_000; at++) await spent.spend(String(at), at * 1000, at * 1000)
    expect(spent.size).toBeLessThan(SPENT_PROOF_MARGIN_MS / 1000 + 5)
  })

  test('RFC 9449 11.1 know every proof until the margin is over by the latest of all clocks', async () => {
    const step = fc.record({
      id: fc.nat(20),
      skewMs: fc.integer({ min: -300_000, max: 300_000 }),
      lifeMs: fc.nat(60_000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
        const spent = new MemorySpentProofs()
        const known = new Map<number, number>()
        let latest = Number.NEGATIVE_INFINITY
        for (const [round, { id, skewMs, lifeMs }] of steps.entries()) {
          const now = round * 60_000 + skewMs
          latest = Math.max(latest, now)
          const isFirst = await spent.spend(String(id), now + lifeMs, now)
          const until = known.get(id)
          if (until === undefined) expect(isFirst).toBe(true)
          else if (latest < until + SPENT_PROOF_MARGIN_MS) expect(isFirst).toBe(false)
          if (isFirst) known.set(id, now + lifeMs)
        }
      }),
    )
  })

  test('refuse a capacity that makes no sense', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => new MemorySpentProofs(capacity)).toThrow(TypeError)
  })
})
