/** Why a database cannot be used: `unreachable` may pass by itself, the others do not. */
export type PostgresOpenRefusal = 'unreachable' | 'refused' | 'foreign' | 'newer' | 'unsuitable'

/** A database cannot be used. The message is one line, made to be printed; it holds no password. */
export class PostgresOpenError extends Error {
  override readonly name = 'PostgresOpenError'
  readonly refusal: PostgresOpenRefusal

  constructor(refusal: PostgresOpenRefusal, message: string) {
    super(message)
    this.refusal = refusal
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  '28P01': 'PostgreSQL does not take this user and password',
  '28000': 'PostgreSQL lets this user in by no rule of its pg_hba.conf',
  '3D000': 'PostgreSQL has no database of this name: create it first',
  '42501': 'this user may not create tables in the database: grant it CREATE on the schema',
  '25006': 'this PostgreSQL is read-only: name the primary',
}

/** What keeps a database from being opened, in a line. */
export function openErrorOf(error: unknown): Error {
  if (error instanceof PostgresOpenError || error instanceof TypeError) return error
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  const text = typeof code === 'string' ? code : undefined
  const known = text === undefined ? undefined : REFUSALS[text]
  if (known !== undefined) return new PostgresOpenError('refused', `${known}.`)
  return new PostgresOpenError('unreachable', `PostgreSQL cannot be reached${text === undefined ? '' : ` (${text})`}.`)
}
