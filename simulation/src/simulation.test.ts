import { describe, expect, it } from 'vitest'
import { search } from './search.ts'
import { runSeed } from './simulation.ts'

const SEEDS = 2000
const PARTS = 5

describe('the guarantee', () => {
  for (let part = 0; part < PARTS; part++) {
    const seeds = SEEDS / PARTS
    const from = 1 + part * seeds
    it(`holds under the faults of seeds ${String(from)} to ${String(from + seeds - 1)}`, async () => {
      const found = await search({ from, seeds }, {})
      const says =
        found &&
        `seed ${String(found.plan.seed)} breaks ${String(found.violation?.clause)}: ${String(found.violation?.says)}`
      expect(says).toBeUndefined()
    })
  }
})

describe('a seed', () => {
  it('gives the same trace each time', async () => {
    const one = await runSeed(20, { traced: true })
    const other = await runSeed(20, { traced: true })
    expect(one.lines.length).toBeGreaterThan(100)
    expect(other.lines).toEqual(one.lines)
  })

  it('gives another trace than the next one', async () => {
    const one = await runSeed(20, { traced: true })
    const other = await runSeed(21, { traced: true })
    expect(other.lines).not.toEqual(one.lines)
  })

  it('is free of faults to look at what happens without any, and all is decided then', async () => {
    const { violation, accepted, rejected, revocations } = await runSeed(20, { faults: [] })
    expect(violation).toBeUndefined()
    expect(Math.min(accepted, rejected, revocations)).toBeGreaterThan(0)
  })
})
