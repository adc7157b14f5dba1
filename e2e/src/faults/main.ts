import { parseArgs } from 'node:util'
import { keepHistory } from './keep-history.ts'
import { runScenario, type Outcome } from './run.ts'
import type { Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import { headLine, lineOf, writeTable } from './table.ts'

/**
 * Runs the scenarios, prints a line for each, and exits with 1 when a promise was broken. `--only` chooses those whose profile and name contain a text,
 * `--seed` what users do, and `--write` puts the table into docs/operations/stores.md.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
})

const MOST_SHOWN = 10

async function run(scenario: Scenario, seed: number): Promise<Outcome | undefined> {
  const lacks = scenario.lacks?.()
  if (lacks === undefined) return runScenario(scenario, seed)
  console.log(`SKIPPED: ${scenario.profile}: ${scenario.name}: ${lacks}`)
  return undefined
}

/** The history is kept only of what went wrong. */
function complain(outcome: Outcome): void {
  const { violations, seed } = outcome
  for (const { clause, says, call } of violations.slice(0, MOST_SHOWN))
    console.log(`  ${clause}: ${says} ${call === undefined ? '' : JSON.stringify(call)}`)
  console.log(`  ${violations.length} violations with seed ${seed}; the history is in ${keepHistory(outcome)}`)
}

const seed = Number(values.seed)
const chosen = SCENARIOS.filter(
  ({ name, profile }) => values.only === undefined || `${profile}: ${name}`.includes(values.only),
)
const outcomes: Outcome[] = []
console.log(`seed ${seed}, ${chosen.length} scenarios`)
console.log(headLine())
for (const scenario of chosen) {
  const outcome = await run(scenario, seed)
  if (outcome === undefined) continue
  outcomes.push(outcome)
  console.log(lineOf(outcome))
  if (outcome.violations.length > 0) complain(outcome)
}
const broken = outcomes.filter(({ violations }) => violations.length > 0).length
console.log(`${outcomes.length} of ${chosen.length} scenarios ran, ${broken} with violations`)
if (values.write) writeTable(outcomes)
process.exitCode = broken === 0 ? 0 : 1
