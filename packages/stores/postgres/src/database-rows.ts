import type { Account, Application, ApplicationSettings, AuditEvent, NewAuditEvent, StoredKey } from '@counterfoil/core'
import type { AccountId, ApplicationId, KeyId, SessionId } from '@counterfoil/protocol'
import { readText, storedOptional, storedText } from './text.ts'

/** The columns of an account, in the order that `accountOfRow` reads. */
export const ACCOUNT_COLUMNS = `id, email, name, password_hash, roles, generation::float8, kept_session_id,
  kept_generation::float8, disabled, created_at::float8`

/** The account of a row. What was not there stays away: no member is undefined. */
export function accountOfRow(row: readonly unknown[]): Account {
  const [id, email, name, passwordHash, roles, generation, keptSessionId, keptGeneration, disabled, createdAt] =
    row as [string, string, string | null, string, string, number, string | null, number | null, boolean, number]
  return {
    id: id as AccountId,
    email: readText(email),
    ...(name !== null && { name: readText(name) }),
    passwordHash: readText(passwordHash),
    roles: JSON.parse(roles) as readonly string[],
    generation,
    ...(keptSessionId !== null &&
      keptGeneration !== null && { kept: { sessionId: keptSessionId as SessionId, generation: keptGeneration } }),
    disabled,
    createdAt,
  }
}

/** The account of the first row, if there is one. */
export function optionalAccount([row]: readonly (readonly unknown[])[]): Account | undefined {
  return row && accountOfRow(row)
}

/** The columns of an application, in the order that `applicationOfRow` reads. */
export const APPLICATION_COLUMNS = 'settings, generation::float8'

/** The application of a row: its settings are one JSON text. */
export function applicationOfRow([settings, generation]: readonly unknown[]): Application {
  return { ...(JSON.parse(String(settings)) as ApplicationSettings), generation: Number(generation) }
}

/** The columns of a key, in the order that `keyOfRow` reads. */
export const KEY_COLUMNS = `id, purpose, algorithm, number, public_jwk, sealed, created_at::float8, active_at::float8`

/** The key of a row. */
export function keyOfRow(row: readonly unknown[]): StoredKey {
  const [id, purpose, algorithm, number, publicJwk, sealed, createdAt, activeAt] = row as [
    string,
    StoredKey['purpose'],
    StoredKey['algorithm'],
    number,
    string,
    Uint8Array,
    number,
    number,
  ]
  return {
    id: readText(id) as KeyId,
    purpose,
    algorithm,
    number,
    publicJwk: readText(publicJwk),
    // A view of its own: what comes from the driver is a part of a larger buffer.
    sealed: Uint8Array.from(sealed),
    createdAt,
    activeAt,
  }
}

/** What is bound for a key. */
export function cellsOfKey(key: StoredKey): unknown[] {
  const { id, purpose, algorithm, number, publicJwk, sealed, createdAt, activeAt } = key
  return [storedText(id), purpose, algorithm, number, storedText(publicJwk), Buffer.from(sealed), createdAt, activeAt]
}

/** The columns of an audit event, in the order that `auditEventOfRow` reads. */
export const AUDIT_COLUMNS = `number::float8, at::float8, kind, account_id, application_id, session_id, address, user_agent, detail`

/** The event of a row. */
export function auditEventOfRow(row: readonly unknown[]): AuditEvent {
  const [number, at, kind] = row as [number, number, AuditEvent['kind']]
  const [accountId, applicationId, sessionId, address, userAgent, detail] = row.slice(3).map(optionalText)
  return {
    number,
    at,
    kind,
    ...(accountId !== undefined && { accountId: accountId as AccountId }),
    ...(applicationId !== undefined && { applicationId: applicationId as ApplicationId }),
    ...(sessionId !== undefined && { sessionId: sessionId as SessionId }),
    ...(address !== undefined && { address }),
    ...(userAgent !== undefined && { userAgent }),
    ...(detail !== undefined && { detail: JSON.parse(detail) as Readonly<Record<string, unknown>> }),
  }
}

function optionalText(cell: unknown): string | undefined {
  return typeof cell === 'string' ? readText(cell) : undefined
}

/** What is bound for an audit event. */
export function cellsOfAudit(event: NewAuditEvent): unknown[] {
  return [
    event.at,
    event.kind,
    storedOptional(event.accountId),
    storedOptional(event.applicationId),
    storedOptional(event.sessionId),
    storedOptional(event.address),
    storedOptional(event.userAgent),
    event.detail === undefined ? null : storedText(JSON.stringify(event.detail)),
  ]
}
