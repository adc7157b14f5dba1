import { describe, expect, test } from 'vitest'
import { MemoryFamiliarAddresses } from './familiar-addresses.ts'

describe('familiar addresses', () => {
  test('are known for the account that signed in from there, until they are forgotten', async () => {
    const familiar = new MemoryFamiliarAddresses()
    await familiar.remember('ada', '192.0.2.1', 1_000)
    expect(await familiar.knows('ada', '192.0.2.1', 999)).toBe(true)
    expect(await familiar.knows('ada', '192.0.2.1', 1_000)).toBe(false)
    expect(await familiar.knows('ada', '192.0.2.2', 999)).toBe(false)
    expect(await familiar.knows('bob', '192.0.2.1', 999)).toBe(false)
    await familiar.remember('ada', '192.0.2.1', 2_000)
    expect(await familiar.knows('ada', '192.0.2.1', 1_999)).toBe(true)
  })

  test('are bounded per account, so that one account cannot displace those of others', async () => {
    const familiar = new MemoryFamiliarAddresses(2)
    await familiar.remember('ada', 'home', 1_000)
    for (let i = 0; i < 1_000; i++) await familiar.remember('mallory', `place ${i}`, 1_000)
    expect(await familiar.knows('ada', 'home', 0)).toBe(true)
    expect(await familiar.knows('mallory', 'place 992', 0)).toBe(true)
    expect(await familiar.knows('mallory', 'place 991', 0)).toBe(false)
  })

  test('are bounded in all: those of the account that has not signed in for longest go', async () => {
    const familiar = new MemoryFamiliarAddresses(2)
    await familiar.remember('ada', 'home', 1_000)
    await familiar.remember('bob', 'home', 1_000)
    await familiar.remember('ada', 'home', 1_000)
    await familiar.remember('eve', 'home', 1_000)
    expect(familiar.size).toBe(2)
    expect(await familiar.knows('bob', 'home', 0)).toBe(false)
    expect(await familiar.knows('ada', 'home', 0)).toBe(true)
    expect(() => new MemoryFamiliarAddresses(0)).toThrow(TypeError)
  })
})
