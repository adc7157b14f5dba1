import { parseArgs } from 'node:util'
import { lacksChromium } from '../chromium.ts'
import { describeTabs, judgeTabs } from './judge.ts'
import { runTabs } from './run.ts'

/**
 * Tabs of one user refresh while refreshes are lost and delayed by chance, and all is held to what is promised: nobody is signed out, one session, one
 * successful rotation for each generation. `--rounds` (1000), `--tabs` (10), `--seed` (1), `--proof` (`off`, `auto`; both when it is left out).
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    tabs: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    proof: { type: 'string' },
  },
})
const [rounds, tabs, seed] = [Number(values.rounds), Number(values.tabs), Number(values.seed)]
const EVERY = 100

async function run(proof: 'auto' | 'off'): Promise<boolean> {
  console.log(`${tabs} tabs, ${rounds} rounds, seed ${seed}, proof of possession: ${proof}`)
  const tell = (round: number): void => {
    if (round % EVERY === 0) console.log(`  round ${round}`)
  }
  const outcome = await runTabs({ tabs, rounds, seed, proof, tell })
  console.log(`  ${describeTabs(outcome, rounds)}`)
  const broken = judgeTabs(outcome, rounds)
  for (const sentence of broken) console.log(`  BROKEN: ${sentence}`)
  if (broken.length === 0) console.log('  kept: nobody signed out, one session, one rotation for each generation')
  return broken.length === 0
}

const lack = lacksChromium()
if (lack !== undefined) throw new Error(lack)
const proofs = (['off', 'auto'] as const).filter((each) => values.proof === undefined || values.proof === each)
let isKept = proofs.length > 0
for (const proof of proofs) isKept = (await run(proof)) && isKept
process.exitCode = isKept ? 0 : 1
