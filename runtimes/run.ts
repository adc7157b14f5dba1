/*
 * Keeps the promise that the verifier runs elsewhere too: what was built of it passes its own tests in Deno, Bun and workerd, and a program
 * without anything of Node makes keys, verifies tokens and follows a feed in each of them. What is left out is told by name, with the reason.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPlain, buildTests } from './build.ts'
import { PROGRAM_RUNTIMES, runProgram } from './programs.ts'
import { checkService } from './service-checks.ts'
import { describeError, type Report } from './src/report.ts'
import { NODE_FLAGS, runWorker } from './workerd.ts'

/** One thing to run. */
interface Run {
  readonly name: string
  readonly start: () => Promise<Report>
}

async function buildAll(folder: string): Promise<readonly Run[]> {
  const file = (name: string): string => join(folder, `${name}.mjs`)
  await buildTests('tests-program.ts', file('tests'))
  await buildTests('tests-worker.ts', file('tests-worker'), true)
  for (const name of ['smoke-program', 'smoke-worker', 'service']) await buildPlain(`${name}.ts`, file(name))
  return [
    ...PROGRAM_RUNTIMES.flatMap(({ name, find, testArgs, plainArgs }) => [
      { name: `${name}, tests`, start: () => runProgram(find(), testArgs, file('tests')) },
      { name: `${name}, without Node`, start: () => runProgram(find(), plainArgs, file('smoke-program')) },
    ]),
    { name: 'workerd, tests', start: () => runWorker(file('tests-worker'), { flags: NODE_FLAGS }) },
    { name: 'workerd, without Node', start: () => runWorker(file('smoke-worker')) },
    { name: 'workerd, over requests', start: () => checkService(file('service')) },
  ]
}

/** Prints what came of a run. False where anything failed, or nothing ran. */
function tell(name: string, { runtime, passed, failed, skipped }: Report, seconds: number): boolean {
  const counts = `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`
  console.log(`${name} (${runtime}): ${counts}, ${seconds.toFixed(1)} s`)
  for (const skip of skipped) console.log(`  SKIPPED ${skip.name}\n    ${skip.reason}`)
  for (const failure of failed)
    console.error(`  FAILED ${failure.name}\n    ${failure.error.replaceAll('\n', '\n    ')}`)
  return failed.length === 0 && passed > 0
}

async function carryOut({ name, start }: Run): Promise<boolean> {
  const startedAt = performance.now()
  const report = await start().catch((thrown: unknown): Report => ({
    runtime: 'broke off',
    passed: 0,
    failed: [{ name, error: describeError(thrown) }],
    skipped: [],
  }))
  return tell(name, report, (performance.now() - startedAt) / 1000)
}

const folder = mkdtempSync(join(tmpdir(), 'counterfoil-runtimes-'))
try {
  const results: boolean[] = []
  for (const run of await buildAll(folder)) results.push(await carryOut(run))
  process.exitCode = results.length > 0 && results.every(Boolean) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
