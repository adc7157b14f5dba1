import { describeError, nameRuntime, type Failure, type Report } from './report.ts'

/** What is promised, and what throws where that does not hold. */
export type Checks = Readonly<Record<string, () => Promise<void> | void>>

/** Throws unless two values are the same in JSON. */
export function assertSame(actual: unknown, expected: unknown): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== shouldBe) throw new Error(`is ${is}, should be ${shouldBe}`)
}

/** Runs checks one after the other. */
export async function runChecks(checks: Checks): Promise<Report> {
  const failed: Failure[] = []
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check()
    } catch (thrown) {
      failed.push({ name, error: describeError(thrown) })
    }
  }
  return { runtime: nameRuntime(), passed: Object.keys(checks).length - failed.length, failed, skipped: [] }
}
