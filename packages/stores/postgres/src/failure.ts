import { StoreUnavailable } from '@counterfoil/core'

/** Conflicts that a statement does not survive and that are over when it is tried again. */
const WORTH_ANOTHER_TRY = new Set(['40001', '40P01'])
const UNIQUE_VIOLATION = '23505'

function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}

/** Whether a statement met another one, and does no harm when it is sent again: nothing of it was carried out. */
export function isConflict(error: unknown): boolean {
  return WORTH_ANOTHER_TRY.has(codeOf(error) ?? '')
}

/** Whether something was to be unique, and is there. */
export function isTaken(error: unknown): boolean {
  return codeOf(error) === UNIQUE_VIOLATION
}

/** PostgreSQL cannot take a value: a mistake of whoever sent it, and of nobody whose call went with it. */
export class RefusedValue extends Error {
  override readonly name = 'RefusedValue'
}

/** Class 22 of the codes of PostgreSQL: data exceptions. */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/

/**
 * What goes wrong with the database, as the contract has it. The words of PostgreSQL may hold what was to be written, so only its code is passed
 * on. An id that is given out twice is the caller's mistake.
 */
export function failureOf(error: unknown): Error {
  if (error instanceof StoreUnavailable || error instanceof RefusedValue || error instanceof TypeError) return error
  const code = codeOf(error)
  if (code === UNIQUE_VIOLATION) return new Error('an id was given out twice')
  if (code === undefined) return new StoreUnavailable('PostgreSQL cannot be reached')
  if (DATA_EXCEPTION.test(code)) return new RefusedValue(`PostgreSQL cannot take a value (${code})`)
  const isSqlState = /^[0-9A-Z]{5}$/.test(code)
  return new StoreUnavailable(
    isSqlState ? `PostgreSQL answers with error ${code}` : `PostgreSQL cannot be reached (${code})`,
  )
}
