/** Primary result codes of SQLite that are told apart (https://sqlite.org/rescode.html). */
export const SQLITE = {
  error: 1,
  busy: 5,
  locked: 6,
  corrupt: 11,
  full: 13,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  range: 25,
  notADatabase: 26,
} as const

/** What went wrong, in a form that passes between threads. It holds no value of any column. */
export interface Failure {
  readonly message: string
  /** The primary result code, where SQLite raised the error. */
  readonly code?: number | undefined
}

/** The failure behind an error. */
export function failureOf(error: unknown): Failure {
  return { message: error instanceof Error ? error.message : String(error), code: sqliteCode(error) }
}

/** The primary result code of an error that SQLite raised, or undefined for any other. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}
