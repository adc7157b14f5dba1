import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runScenario, type Outcome } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

/** Runs the scenarios, prints a line for each, and exits with 1 when a promise was broken. */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
})

const HEAD = [
  'profile',
  'fault',
  'requests',
  '503',
  'no answer',
  'longest outage',
  'sign-ins lost',
  'healed',
  'violations',
]

function cellsOf({
  scenario,
  calls,
  couldNotTell,
  unanswered,
  longestOutageMs,
  lost,
  healed,
  violations,
}: Outcome): string[] {
  const counts = [calls.length, couldNotTell, unanswered].map(String)
  const outage = `${(longestOutageMs / 1000).toFixed(1)} s`
  return [scenario.profile, scenario.name, ...counts, outage, String(lost), String(healed), String(violations.length)]
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function writeDocument(rows: readonly string[]): void {
  const path = join(import.meta.dirname, '../../../docs/operations/stores.md')
  const [before = '', rest = ''] = readFileSync(path, 'utf8').split('<!-- measured -->')
  const after = rest.split('<!-- end -->')[1] ?? ''
  const table = [line(HEAD), line(HEAD.map(() => '---')), ...rows].join('\n')
  writeFileSync(path, `${before}<!-- measured -->\n\n${table}\n\n<!-- end -->${after}`)
}

const seed = Number(values.seed)
const chosen = SCENARIOS.filter(
  ({ name, profile }) => values.only === undefined || `${profile}: ${name}`.includes(values.only),
)
const rows: string[] = []
let broken = 0
console.log(`seed ${seed}, ${chosen.length} scenarios`)
console.log(line(HEAD))
for (const scenario of chosen) {
  const lacks = scenario.lacks?.()
  if (lacks !== undefined) {
    console.log(`SKIPPED: ${scenario.profile}: ${scenario.name}: ${lacks}`)
    continue
  }
  const outcome = await runScenario(scenario, seed)
  rows.push(line(cellsOf(outcome)))
  console.log(rows.at(-1))
  if (outcome.violations.length === 0) continue
  broken++
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-history-'))
  writeFileSync(join(folder, 'history.jsonl'), outcome.calls.map((call) => `${JSON.stringify(call)}\n`).join(''))
  for (const { clause, says, call } of outcome.violations.slice(0, 10))
    console.log(`  ${clause}: ${says} ${JSON.stringify(call)}`)
  console.log(`  the history is in ${folder}`)
}
console.log(`${chosen.length} scenarios, ${broken} with violations`)
if (values.write) writeDocument(rows)
process.exitCode = broken === 0 ? 0 : 1
