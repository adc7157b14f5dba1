/*
 * Ends a CI run with the line `N passed, N failed`, counted from the test runner's own report and from the steps around it. A run without a
 * report, or with no test that passed, has failed; so has one whose test command failed for a reason that no single test shows.
 */
import { readFileSync } from 'node:fs'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** What happened around the tests: how many other steps failed, and the exit code of the test command. */
interface Around {
  readonly failedSteps: number
  readonly testsExit: number
}

interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What the run came to. Each failed test, step, and file that failed outside of its tests (it did not start, a hook threw) counts as one. */
export function summarise(report: Report | undefined, { failedSteps, testsExit }: Around): Summary {
  if (report === undefined) return { passed: 0, failed: failedSteps + 1, skipped: 0 }
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  const failedTests = report.numFailedTests + broken.length
  // An error that nobody awaited fails the command, and no test of the report.
  const unseen = failedTests === 0 && (testsExit !== 0 || report.numPassedTests === 0) ? 1 : 0
  return {
    passed: report.numPassedTests,
    failed: failedTests + unseen + failedSteps,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

if (import.meta.main) {
  const [path = '', failedSteps, testsExit] = process.argv.slice(2)
  // What was not told counts as a failure.
  const around = { failedSteps: Number(failedSteps ?? 1), testsExit: Number(testsExit ?? 1) }
  const { passed, failed, skipped } = summarise(readReport(path), around)
  if (skipped > 0) console.log(`${skipped} skipped`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
