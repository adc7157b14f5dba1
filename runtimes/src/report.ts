/** A test or a check that did not hold. */
export interface Failure {
  readonly name: string
  readonly error: string
}

/** What was left out, and why. */
export interface Skip {
  readonly name: string
  readonly reason: string
}

/** What came of a run in one runtime. */
export interface Report {
  /** The runtime as it names itself. */
  readonly runtime: string
  readonly passed: number
  readonly failed: readonly Failure[]
  readonly skipped: readonly Skip[]
}

/** The runtime that this runs in, as it names itself. */
export function nameRuntime(): string {
  return globalThis.navigator.userAgent
}

/** What went wrong, with the place where the runtime tells it. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const told = `${thrown.name}: ${thrown.message}`
  return thrown.stack === undefined || thrown.stack.startsWith(told)
    ? (thrown.stack ?? told)
    : `${told}\n${thrown.stack}`
}
