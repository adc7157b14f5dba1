import { hasRedis } from '@counterfoil/testbed'
import { describe, expect, it } from 'vitest'
import { runScenario } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

const SEED = 7
const quick = SCENARIOS.filter(({ isQuick, profile }) => isQuick === true && (!profile.includes('redis') || hasRedis()))

describe('while users work', () => {
  it.each(quick)('$profile: $name breaks no promise', { timeout: 120_000 }, async (scenario) => {
    const { violations, calls } = await runScenario(scenario, SEED)
    expect(violations, `seed ${SEED}`).toEqual([])
    expect(calls.filter(({ answer }) => answer !== undefined && answer.status < 300).length).toBeGreaterThan(100)
  })
})
