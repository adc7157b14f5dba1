import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LocalProofMemory } from './proof-memory.ts'

describe('the memory of proofs', () => {
  it('RFC 9449 11.1 knows each proof for as long as it could come again', () => {
    const steps = fc.array(
      fc.record({ id: fc.nat(20), waitMs: fc.nat(200), lifeMs: fc.integer({ min: 1, max: 300 }) }),
      { maxLength: 100 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        const memory = new LocalProofMemory()
        const known = new Map<number, number>()
        let now = 0
        for (const { id, waitMs, lifeMs } of all) {
          now += waitMs
          const isFirst = memory.remember(String(id), now + lifeMs, now, 'key')
          if ((known.get(id) ?? -1) >= now) expect(isFirst).toBe(false)
          if (isFirst) known.set(id, now + lifeMs)
        }
      }),
    )
  })

  it('forgets what could not come again, without timers', () => {
    const memory = new LocalProofMemory()
    for (let at = 0; at < 10_000; at++) memory.remember(String(at), at + 100, at, 'key')
    expect(memory.size).toBeLessThan(400)
    memory.remember('last', 50_100, 50_000, 'key')
    expect(memory.size).toBe(1)
  })

  it('that is full lets nobody in, and forgets nobody who could come again', () => {
    const memory = new LocalProofMemory(2)
    expect([memory.remember('a', 100, 0, 'one'), memory.remember('b', 100, 0, 'two')]).toEqual([true, true])
    expect(() => memory.remember('c', 100, 0, 'three')).toThrow('more proofs than can be remembered')
    expect(memory.remember('a', 100, 50, 'one')).toBe(false)
    expect(memory.remember('c', 300, 201, 'three')).toBe(true)
    expect(() => new LocalProofMemory(0)).toThrow(TypeError)
  })

  it('gives one key a tenth of its room, however much of it comes, and the others theirs', () => {
    const memory = new LocalProofMemory(100)
    const take = (key: string, id: number, now = 0): boolean => memory.remember(`${key} ${id}`, now + 100, now, key)
    for (let id = 0; id < 10; id++) expect(take('greedy', id)).toBe(true)
    for (let id = 10; id < 1000; id++)
      expect(() => take('greedy', id)).toThrow('more proofs of one key than can be remembered')
    expect(take('greedy', 3)).toBe(false)
    for (let id = 0; id < 10; id++) expect(take('modest', id)).toBe(true)
    for (let id = 10; id < 20; id++) expect(take('greedy', id, 201)).toBe(true)
    expect(() => take('greedy', 20, 250)).toThrow('more proofs of one key than can be remembered')
  })
})
