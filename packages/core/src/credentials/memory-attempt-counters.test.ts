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
  test('take as many as the rule allows within a window that begins with the first', async () => {
    const counters = new MemoryAttemptCounters()
    expect(await counters.take(RULE, 'a', 5_000)).toEqual({ taken: true, windowEndsAt: 6_000 })
    expect(await takeMany(counters, 'a', 4, 5_400)).toEqual([true, true, false, false])
    expect(await counters.take(RULE, 'a', 5_999)).toEqual({ taken: false, retryAfterMs: 1 })
    expect(await counters.take(RULE, 'a', 6_000)).toEqual({ taken: true, windowEndsAt: 7_000 })
  })

  test('keep subjects and rules apart', async () => {
    const counters = new MemoryAttemptCounters()
    expect(await takeMany(counters, 'a', 4, 0)).toEqual([true, true, true, false])
    expect((await counters.take(RULE, 'b', 0)).taken).toBe(true)
    expect((await counters.take({ ...RULE, name: 'others' }, 'a', 0)).taken).toBe(true)
  })

  test('give one back to the window that it was taken from, and to no later one', async () => {
    const counters = new MemoryAttemptCounters()
    await takeMany(counters, 'a', 3, 0)
    await counters.giveBack(RULE, 'a', 1_000)
    expect(await takeMany(counters, 'a', 2, 10)).toEqual([true, false])
    await takeMany(counters, 'a', 3, 1_500)
    await counters.giveBack(RULE, 'a', 1_000)
    expect((await counters.take(RULE, 'a', 1_500)).taken).toBe(false)
    await counters.giveBack(RULE, 'never taken', 1_000)
  })

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

  test('block nobody for longer than a window when the clock is set back', async () => {
    const counters = new MemoryAttemptCounters()
    await takeMany(counters, 'a', 3, 3_600_000)
    expect(await counters.take(RULE, 'a', 0)).toEqual({ taken: true, windowEndsAt: 1_000 })
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
