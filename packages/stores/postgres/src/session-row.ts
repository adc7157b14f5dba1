import type { Session, Use } from '@counterfoil/core'
import type { AccountId, ApplicationId, SessionId, StoredStrategy } from '@counterfoil/protocol'
import { readText, storedOptional } from './text.ts'

/** The columns of a session, in the order of `SessionRow`, and the types that they are bound as. */
const COLUMNS = [
  ['id', 'text'],
  ['account_id', 'text'],
  ['application_id', 'text'],
  ['strategy', 'text'],
  ['generation', 'bigint'],
  ['floor', 'bigint'],
  ['rotated_at', 'bigint'],
  ['rotated_address', 'text'],
  ['rotated_user_agent', 'text'],
  ['account_generation', 'bigint'],
  ['application_generation', 'bigint'],
  ['authenticated_at', 'bigint'],
  ['started_at', 'bigint'],
  ['started_address', 'text'],
  ['started_user_agent', 'text'],
  ['seen_at', 'bigint'],
  ['idle_expires_at', 'bigint'],
  ['expires_at', 'bigint'],
  ['device_label', 'text'],
  ['key_thumbprint', 'text'],
] as const

/** How many cells the row of a session has. */
export const SESSION_WIDTH = COLUMNS.length

/** The columns, by name and type. */
export const SESSION_TYPES: readonly (readonly [name: string, type: string])[] = COLUMNS

/** The names of the columns. */
export const SESSION_COLUMNS = COLUMNS.map(([name]) => name).join(', ')

/** Arrays of all columns, to be bound from `$1` on. */
export const SESSION_ARRAYS = COLUMNS.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ')

/** The columns as they are read: numbers that JavaScript has whole. */
export function readSessionColumns(table: string): string {
  return COLUMNS.map(([name, type]) => `${table}.${name}${type === 'bigint' ? '::float8' : ''}`).join(', ')
}

/** A session between JavaScript and SQL. */
export type SessionRow = [
  id: SessionId,
  accountId: AccountId,
  applicationId: ApplicationId,
  strategy: StoredStrategy,
  generation: number,
  floor: number,
  rotatedAt: number,
  rotatedAddress: string | null,
  rotatedUserAgent: string | null,
  accountGeneration: number,
  applicationGeneration: number,
  authenticatedAt: number,
  startedAt: number,
  startedAddress: string | null,
  startedUserAgent: string | null,
  seenAt: number,
  idleExpiresAt: number,
  expiresAt: number,
  deviceLabel: string | null,
  keyThumbprint: string | null,
]

/** The row of a session. */
export function rowOfSession(session: Session): SessionRow {
  const { rotated, started } = session
  return [
    session.id,
    session.accountId,
    session.applicationId,
    session.strategy,
    session.generation,
    session.floor,
    rotated.at,
    storedOptional(rotated.address),
    storedOptional(rotated.userAgent),
    session.accountGeneration,
    session.applicationGeneration,
    session.authenticatedAt,
    started.at,
    storedOptional(started.address),
    storedOptional(started.userAgent),
    session.seenAt,
    session.idleExpiresAt,
    session.expiresAt,
    storedOptional(session.deviceLabel),
    session.keyThumbprint ?? null,
  ]
}

/** The session of a row. What was not there stays away: no member is undefined. */
export function sessionOfRow(cells: readonly unknown[]): Session {
  const row = cells as SessionRow
  const session: Session = {
    id: row[0],
    accountId: row[1],
    applicationId: row[2],
    strategy: row[3],
    generation: row[4],
    floor: row[5],
    rotated: useOf(row[6], row[7], row[8]),
    accountGeneration: row[9],
    applicationGeneration: row[10],
    authenticatedAt: row[11],
    started: useOf(row[12], row[13], row[14]),
    seenAt: row[15],
    idleExpiresAt: row[16],
    expiresAt: row[17],
  }
  const labelled = row[18] === null ? session : { ...session, deviceLabel: readText(row[18]) }
  return row[19] === null ? labelled : { ...labelled, keyThumbprint: row[19] }
}

function useOf(at: number, address: string | null, userAgent: string | null): Use {
  const use: { at: number; address?: string; userAgent?: string } = { at }
  if (address !== null) use.address = readText(address)
  if (userAgent !== null) use.userAgent = readText(userAgent)
  return use
}
