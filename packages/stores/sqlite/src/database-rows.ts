import type { Account, Application, ApplicationSettings, AuditEvent, AuditKind, StoredKey } from '@counterfoil/core'
import type { AccountId, ApplicationId, KeyId, SessionId } from '@counterfoil/protocol'
import { parseColumn } from './statements.ts'

/** The columns of an account, in the order of `AccountRow`. */
export const ACCOUNT_COLUMNS = `id, email, name, password_hash, roles, generation, kept_session_id, kept_generation, disabled, created_at`

/** An account between JavaScript and SQL. */
export type AccountRow = [
  id: AccountId,
  email: string,
  name: string | null,
  passwordHash: string,
  roles: string,
  generation: number,
  keptSessionId: SessionId | null,
  keptGeneration: number | null,
  disabled: number,
  createdAt: number,
]

/** The account of a row. What was not there stays away: no member is undefined. */
export function accountOfRow(row: AccountRow): Account {
  const [id, email, name, passwordHash, roles, generation, keptSessionId, keptGeneration, disabled, createdAt] = row
  return {
    id,
    email,
    ...(name !== null && { name }),
    passwordHash,
    roles: parseColumn(roles) as readonly string[],
    generation,
    ...(keptSessionId !== null &&
      keptGeneration !== null && { kept: { sessionId: keptSessionId, generation: keptGeneration } }),
    disabled: disabled !== 0,
    createdAt,
  }
}

/** The row of an account. */
export function rowOfAccount({ id, email, name, passwordHash, roles, generation, kept, ...more }: Account): AccountRow {
  const head = [id, email, name ?? null, passwordHash, JSON.stringify(roles), generation] as const
  return [...head, kept?.sessionId ?? null, kept?.generation ?? null, more.disabled ? 1 : 0, more.createdAt]
}

/** An application between JavaScript and SQL: its settings are one JSON text. */
export type ApplicationRow = [settings: string, generation: number]

/** The application of a row. */
export function applicationOfRow([settings, generation]: ApplicationRow): Application {
  return { ...(parseColumn(settings) as ApplicationSettings), generation }
}

/** The columns of a key, in the order of `KeyRow`. */
export const KEY_COLUMNS = 'id, purpose, algorithm, number, public_jwk, sealed, created_at, active_at'

/** A key between JavaScript and SQL. */
export type KeyRow = [
  id: KeyId,
  purpose: StoredKey['purpose'],
  algorithm: StoredKey['algorithm'],
  number: number,
  publicJwk: string,
  sealed: Uint8Array,
  createdAt: number,
  activeAt: number,
]

/** The key of a row. */
export function keyOfRow([id, purpose, algorithm, number, publicJwk, sealed, createdAt, activeAt]: KeyRow): StoredKey {
  return { id, purpose, algorithm, number, publicJwk, sealed, createdAt, activeAt }
}

/** The row of a key. */
export function rowOfKey(key: StoredKey): KeyRow {
  const { id, purpose, algorithm, number, publicJwk, sealed, createdAt, activeAt } = key
  return [id, purpose, algorithm, number, publicJwk, sealed, createdAt, activeAt]
}

/** The columns of an audit event, in the order of `AuditRow`. */
export const AUDIT_COLUMNS = 'number, at, kind, account_id, application_id, session_id, address, user_agent, detail'

/** An audit event between JavaScript and SQL. */
export type AuditRow = [
  number: number,
  at: number,
  kind: AuditKind,
  accountId: AccountId | null,
  applicationId: ApplicationId | null,
  sessionId: SessionId | null,
  address: string | null,
  userAgent: string | null,
  detail: string | null,
]

/** The audit event of a row. What was not there stays away: no member is undefined. */
export function auditEventOfRow(row: AuditRow): AuditEvent {
  const [number, at, kind, accountId, applicationId, sessionId, address, userAgent, detail] = row
  return {
    number,
    at,
    kind,
    ...(accountId !== null && { accountId }),
    ...(applicationId !== null && { applicationId }),
    ...(sessionId !== null && { sessionId }),
    ...(address !== null && { address }),
    ...(userAgent !== null && { userAgent }),
    ...(detail !== null && { detail: parseColumn(detail) as Readonly<Record<string, unknown>> }),
  }
}
