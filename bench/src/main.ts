import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawTable, isMet, writeMarkdown, type SuiteResult } from './finding.ts'
import { benchHttp } from './http.ts'
import { benchMemory } from './memory.ts'
import { benchRotation } from './rotation.ts'
import { benchStart } from './start.ts'
import { benchStores } from './stores.ts'
import { benchVerify } from './verify.ts'

/** Runs the suites, prints each as it ends, and writes all of a whole run to RESULTS.md. */
const SUITES: Readonly<Record<string, (quick: boolean) => Promise<SuiteResult>>> = {
  verify: benchVerify,
  rotation: benchRotation,
  stores: benchStores,
  http: benchHttp,
  start: benchStart,
  memory: benchMemory,
}

function describeMachine(): string {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`
}

function writeResults(results: readonly SuiteResult[]): void {
  const aimed = results.flatMap(({ findings }) => findings).filter((finding) => isMet(finding) !== undefined)
  const met = aimed.filter((finding) => isMet(finding) === true).length
  const head = [
    '# Results',
    '',
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}. ${describeMachine()}.`,
    '',
    `${met} of ${aimed.length} targets met. Ratios say how many times better than the peer, in one interleaved run; the machine is shared, so under 1.3× nothing is distinguished.`,
    '',
  ]
  writeFileSync(
    join(import.meta.dirname, '../RESULTS.md'),
    `${head.join('\n')}\n${results.map(writeMarkdown).join('\n')}`,
  )
}

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } } })
const chosen = Object.entries(SUITES).filter(([name]) => values.only === undefined || name === values.only)
if (chosen.length === 0) {
  console.error(`bench: there is no suite "${values.only}"; there are ${Object.keys(SUITES).join(', ')}`)
  process.exit(2)
}
console.log(describeMachine())
const results: SuiteResult[] = []
for (const [name, suite] of chosen) {
  process.stderr.write(`${name} …\n`)
  const result = await suite(values.quick)
  results.push(result)
  console.log(drawTable(result))
}
if (values.only === undefined && !values.quick) writeResults(results)
