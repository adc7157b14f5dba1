import { describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { judgeTabs } from './tabs/judge.ts'
import { runTabs } from './tabs/run.ts'

/** Draws the same faults as the run that printed it. Default: others each time. */
const SEED = process.env['COUNTERFOIL_SEED']

/** In CI a thousand for one session of the kind that browsers have by themselves. */
const ROUNDS = process.env['CI'] === 'true' ? { off: 500, auto: 1000 } : { off: 60, auto: 60 }

describe.skipIf(WITHOUT_CHROMIUM)('ten tabs of one user', () => {
  it.each(['off', 'auto'] as const)(
    'refresh at once, again and again, while answers are lost: one session, one rotation for each generation, and nobody is signed out (proof %s)',
    async (proof) => {
      const seed = Number(SEED ?? Math.floor(Math.random() * 1e9))
      process.stdout.write(
        `ten tabs: seed ${seed}; again with COUNTERFOIL_SEED=${seed}, which npm run test:tabs takes as --seed\n`,
      )
      const rounds = ROUNDS[proof]
      const outcome = await runTabs({ tabs: 10, rounds, seed, proof })
      expect(judgeTabs(outcome, rounds), `seed ${seed}`).toEqual([])
    },
    600_000,
  )
})
