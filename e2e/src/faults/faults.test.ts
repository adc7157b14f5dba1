import { hasRedis } from '@counterfoil/testbed'
import { describe, expect, it } from 'vitest'
import { succeeded } from './history.ts'
import { keepHistory } from './keep-history.ts'
import { runScenario } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

const SEED = 7
const quick = SCENARIOS.filter(({ isQuick, profile }) => isQuick === true && (!/redis/.test(profile) || hasRedis()))

describe('while users work', () => {
  for (const scenario of quick) {
    const title = `${scenario.profile}: ${scenario.name}`
    it(`${title} breaks no promise`, { timeout: 120_000 }, async (context) => {
      const lacks = scenario.lacks?.()
      if (lacks !== undefined) {
        console.warn(`SKIPPED: ${title} is not tested here: ${lacks}`)
        return context.skip(lacks)
      }
      const outcome = await runScenario(scenario, SEED)
      const { violations, calls } = outcome
      const where = violations.length > 0 ? `the history is in ${keepHistory(outcome)}` : ''
      expect(violations, `seed ${SEED} ${where}`).toEqual([])
      expect(calls.filter(succeeded).length).toBeGreaterThan(100)
    })
  }
})
