import type { Session, Use } from '@counterfoil/core'
import type { AccountId, ApplicationId, SessionId, StoredStrategy } from '@counterfoil/protocol'

/** The columns of a session, in the order of `SessionRow`. */
export const SESSION_COLUMNS = `id, account_id, application_id, strategy, generation, floor,
  rotated_at, rotated_address, rotated_user_agent, account_generation, application_generation, authenticated_at,
  started_at, started_address, started_user_agent, seen_at, idle_expires_at, expires_at, device_label, key_thumbprint`

/** A session between JavaScript and SQL. It also passes between the threads in this form, which is cheaper to clone than the object. */
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

/** A session's row with the instant under which it is filed for the sweep. */
export type FiledSessionRow = [...SessionRow, sweepAt: number]

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
    rotated.address ?? null,
    rotated.userAgent ?? null,
    session.accountGeneration,
    session.applicationGeneration,
    session.authenticatedAt,
    started.at,
    started.address ?? null,
    started.userAgent ?? null,
    session.seenAt,
    session.idleExpiresAt,
    session.expiresAt,
    session.deviceLabel ?? null,
    session.keyThumbprint ?? null,
  ]
}

/** The session of a row, whatever comes after its columns. What was not there stays away: no member is undefined. */
export function sessionOfRow(row: readonly [...SessionRow, ...unknown[]]): Session {
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
  const labelled = row[18] === null ? session : { ...session, deviceLabel: row[18] }
  return row[19] === null ? labelled : { ...labelled, keyThumbprint: row[19] }
}

function useOf(at: number, address: string | null, userAgent: string | null): Use {
  const use: { at: number; address?: string; userAgent?: string } = { at }
  if (address !== null) use.address = address
  if (userAgent !== null) use.userAgent = userAgent
  return use
}
