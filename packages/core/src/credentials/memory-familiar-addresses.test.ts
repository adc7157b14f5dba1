import { describe, expect, test } from 'vitest'
import { MemoryFamiliarAddresses } from './memory-familiar-addresses.ts'

describe('familiar addresses in memory', () => {
  test('are bounded in all: those of the account that has not signed in for longest go', async () => {
    const familiar = new MemoryFamiliarAddresses(2)
    await familiar.remember('ada', 'home', 1_000)
    await familiar.remember('bob', 'home', 1_000)
    await familiar.remember('ada', 'home', 1_000)
    await familiar.remember('eve', 'home', 1_000)
    expect(familiar.size).toBe(2)
    expect(await familiar.knows('bob', 'home', 0)).toBe(false)
    expect(await familiar.knows('ada', 'home', 0)).toBe(true)
  })

  test('of one account take the place of no other', async () => {
    const familiar = new MemoryFamiliarAddresses(2)
    await familiar.remember('ada', 'home', 1_000)
    for (let i = 0; i < 1_000; i++) await familiar.remember('mallory', `place ${i}`, 1_000)
    expect(familiar.size).toBe(2)
    expect(await familiar.knows('ada', 'home', 0)).toBe(true)
  })

  test('refuse a capacity that makes no sense', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN])
      expect(() => new MemoryFamiliarAddresses(capacity)).toThrow(TypeError)
  })
})
