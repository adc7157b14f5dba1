import { parseArgs } from 'node:util'
import { CLAUSES } from './checks.ts'
import { describeFault } from './faults.ts'
import { findMutant, MUTANTS } from './mutants/index.ts'
import type { Mutant } from './mutant.ts'
import { startProgress } from './progress.ts'
import { reduceFaults } from './reduce.ts'
import { search } from './search.ts'
import type { RunOptions, RunResult } from './simulation.ts'

/** Lines of the trace that are shown before a violation. */
const LAST_LINES = 60

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    mutant: { type: 'string' },
    ignore: { type: 'string', multiple: true, default: [] },
    'list-mutants': { type: 'boolean', default: false },
  },
})

function readCount(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  process.stderr.write(`--${name} must be a whole number, not ${text}\n`)
  process.exit(2)
}

function readMutant(name: string | undefined): Mutant | undefined {
  if (name === undefined) return undefined
  const mutant = findMutant(name)
  if (mutant !== undefined) return mutant
  process.stderr.write(`There is no mutant ${name}; --list-mutants says which there are.\n`)
  process.exit(2)
}

async function report(found: RunResult, options: RunOptions): Promise<void> {
  const { mutant } = options
  const { seed, leaseMs, nodes, verifiers } = found.plan
  process.stdout.write(
    `\nSeed ${String(seed)} breaks ${found.violation?.clause ?? ''}: ${found.violation?.says ?? ''}\n`,
  )
  const modes = verifiers.map(({ mode }) => mode).join(', ')
  process.stdout.write(`Lease ${String(leaseMs)} ms, ${String(nodes.length)} nodes, verifiers: ${modes}\n`)
  const reduced = await reduceFaults(found, options)
  const { faults, lines, violation } = reduced
  process.stdout.write(`\n${String(faults.length)} of ${String(found.plan.faults.length)} faults are enough:\n`)
  for (const fault of faults) process.stdout.write(`  ${describeFault(fault)}\n`)
  process.stdout.write(`\nThen: ${violation?.says ?? ''}\nThe last that happened (ms of the true time):\n`)
  for (const line of lines.slice(-LAST_LINES)) process.stdout.write(`${line}\n`)
  const again = `npm run simulate -- --seeds 1 --from ${String(seed)}${mutant ? ` --mutant ${mutant.name}` : ''}`
  process.stdout.write(`\nAgain: ${again}\n`)
}

if (values['list-mutants']) {
  for (const { name, says } of MUTANTS) process.stdout.write(`${name.padEnd(32)} ${says}\n`)
} else {
  const range = { from: readCount('from', values.from), seeds: readCount('seeds', values.seeds) }
  const ignored = new Set(CLAUSES.filter((clause) => values.ignore.includes(clause)))
  const options = { mutant: readMutant(values.mutant), ignored }
  const progress = startProgress(range)
  const found = await search(range, options, progress.ran)
  progress.end()
  if (found !== undefined) {
    await report(found, options)
    process.exitCode = 1
  }
}
