import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttemptCounters } from './attempt-counters.ts'
import { MemoryAttemptCounters } from './memory-attempt-counters.ts'

const RULE = { name: 'tries', attempts: 3, windowMs: 1_000 }

async function takeMany(counters: AttemptCounters, subject: string, times: number, now: number): Promise<boolean[]> {
  const takings = Array.from({ length: times }, async () => (await counters.take(RULE, subject, now)).taken)
  return Promise.all(takings)
}

describe('counters in memory', () => {
  test('forget what was given back entirely, and what has ended', async () => {
    const counters = new MemoryAttemptCounters()
    await counters.take(RULE, 'a', 0)
    await counters.giveBack(RULE, 'a', 1_000)
    expect(counters.size).toBe(0)
    for (let i = 0; i < 50; i++) await counters.take(RULE, `old ${i}`, i)
    await takeMany(counters, 'blocked', 3, 50)
    expect(counters.size).toBe(51)
    await counters.take(RULE, 'new', 1_050)
    expect(counters.size).toBe(1)
    expect(counters.evicted).toBe(0)
  })

  test('hold no more than their capacity under a flood, and still block whoever was blocked', async () => {
    const counters = new MemoryAttemptCounters(100)
    await takeMany(counters, 'blocked', 3, 0)
    for (let i = 0; i < 10_000; i++) {
      expect((await counters.take(RULE, `flood ${i}`, 1)).taken).toBe(true)
      expect(counters.size).toBeLessThanOrEqual(100)
    }
    expect((await counters.take(RULE, 'blocked', 999)).taken).toBe(false)
    expect(counters.size + counters.evicted).toBe(10_001)
  })

  test('forget a blocked one only when half of the capacity has been blocked after it', async () => {
    const counters = new MemoryAttemptCounters(100)
    await takeMany(counters, 'blocked', 3, 0)
    for (let i = 0; i < 49; i++) await takeMany(counters, `flood ${i}`, 3, 1)
    for (let i = 0; i < 1_000; i++) await counters.take(RULE, `single ${i}`, 1)
    expect((await counters.take(RULE, 'blocked', 2)).taken).toBe(false)
    for (let i = 0; i < 50; i++) await takeMany(counters, `more ${i}`, 3, 3)
    expect((await counters.take(RULE, 'blocked', 4)).taken).toBe(true)
    expect(counters.size).toBeLessThanOrEqual(100)
  })

  test('allow a subject what a plain count of each window allows, whatever is taken and given back', async () => {
    const step = fc.record({ subject: fc.constantFrom('a', 'b'), afterMs: fc.nat(700), back: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const counters = new MemoryAttemptCounters()
        const model = new Map<string, { count: number; endsAt: number }>()
        let now = 0
        for (const { subject, afterMs, back } of steps) {
          now += afterMs
          const held = model.get(subject)
          const window = held !== undefined && now < held.endsAt ? held : { count: 0, endsAt: now + RULE.windowMs }
          const taking = await counters.take(RULE, subject, now)
          expect(taking.taken).toBe(window.count < RULE.attempts)
          if (!taking.taken) continue
          if (back) await counters.giveBack(RULE, subject, taking.windowEndsAt)
          else window.count++
          if (window.count > 0) model.set(subject, window)
          else model.delete(subject)
        }
      }),
    )
  })

  test('refuse a capacity that makes no sense', () => {
    for (const capacity of [0, 1, -5, 2.5, Number.NaN])
      expect(() => new MemoryAttemptCounters(capacity)).toThrow(TypeError)
  })
})
