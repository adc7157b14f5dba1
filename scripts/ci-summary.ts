/*
 * Ends a CI run with the line `N passed, N failed`, counted from the test runner's own report and from the steps around it. A run without a
 * report, or with no test in it, has failed.
 */
import { readFileSync } from 'node:fs'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

/** What the run came to: each failed step, and each test file that did not even start, counts as one failure. */
export function summarise(
  report: Report | undefined,
  failedSteps: number,
): { readonly passed: number; readonly failed: number; readonly skipped: number } {
  if (report === undefined) return { passed: 0, failed: Math.max(1, failedSteps), skipped: 0 }
  const dead = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const failed = report.numFailedTests + dead.length + failedSteps
  const { numPassedTests: passed, numPendingTests: skipped } = report
  return { passed, failed: passed === 0 ? Math.max(1, failed) : failed, skipped }
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

if (import.meta.main) {
  const [path = '', failedSteps = '0'] = process.argv.slice(2)
  const { passed, failed, skipped } = summarise(readReport(path), Number(failedSteps))
  if (skipped > 0) console.log(`${skipped} skipped`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
