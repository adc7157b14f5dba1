import type { AuditKind, NewAuditEvent } from '@counterfoil/core'
import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'
import type { DatabaseSync } from 'node:sqlite'
import { prepareChange } from './statements.ts'

/** An audit event as it is bound, without its number. */
export type AuditCells = [
  at: number,
  kind: AuditKind,
  accountId: AccountId | null,
  applicationId: ApplicationId | null,
  sessionId: SessionId | null,
  address: string | null,
  userAgent: string | null,
  detail: string | null,
]

/** The cells of an audit event. */
export function cellsOfAudit(event: NewAuditEvent): AuditCells {
  return [
    event.at,
    event.kind,
    event.accountId ?? null,
    event.applicationId ?? null,
    event.sessionId ?? null,
    event.address ?? null,
    event.userAgent ?? null,
    event.detail === undefined ? null : JSON.stringify(event.detail),
  ]
}

/** Writes an audit event, inside a transaction that others begin and commit. */
export type RecordAudit = (cells: AuditCells) => void

/** Prepares the writing of audit events. */
export function prepareAudit(db: DatabaseSync): RecordAudit {
  const insert = prepareChange(
    db,
    `INSERT INTO audit (at, kind, account_id, application_id, session_id, address, user_agent, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (cells) => {
    insert(...cells)
  }
}
