import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { drawTable, type SuiteResult } from './finding.ts'
import { benchHttp } from './http.ts'
import { benchMemory } from './memory.ts'
import { benchNodes } from './nodes.ts'
import { replaceResult, writeResults } from './results.ts'
import { benchRotation } from './rotation.ts'
import { benchStart } from './start.ts'
import { benchStores } from './stores.ts'
import { benchVerify } from './verify.ts'

/** Runs the suites, prints each as it ends, and writes all of a whole run to RESULTS.md; of a run with `--only`, with `--write`. */
const SUITES: Readonly<Record<string, (quick: boolean) => Promise<SuiteResult>>> = {
  verify: benchVerify,
  rotation: benchRotation,
  stores: benchStores,
  nodes: benchNodes,
  http: benchHttp,
  start: benchStart,
  memory: benchMemory,
}

function describeMachine(): string {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`
}

const flag = { type: 'boolean', default: false } as const
const { values } = parseArgs({ options: { only: { type: 'string' }, quick: flag, write: flag } })
const chosen = Object.entries(SUITES).filter(([name]) => values.only === undefined || name === values.only)
if (chosen.length === 0) {
  console.error(`bench: there is no suite "${values.only}"; there are ${Object.keys(SUITES).join(', ')}`)
  process.exit(2)
}
const machine = describeMachine()
console.log(machine)
const results: SuiteResult[] = []
for (const [name, suite] of chosen) {
  process.stderr.write(`${name} …\n`)
  const result = await suite(values.quick)
  results.push(result)
  console.log(drawTable(result))
  if (values.only !== undefined && values.write) replaceResult(result, machine)
}
if (values.only === undefined && !values.quick) writeResults(results, machine)
