import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'

/** What the audit log can tell. */
export type AuditKind =
  | 'account.registered'
  | 'account.changed'
  | 'account.password_changed'
  | 'account.password_rehashed'
  | 'account.disabled'
  | 'account.enabled'
  | 'account.roles_set'
  | 'account.erased'
  | 'application.sessions_ended'
  | 'key.added'
  | 'key.scheduled'
  | 'key.removed'
  | 'key.killed'
  | 'session.started'
  | 'session.reauthenticated'
  | 'session.refused'
  | 'session.ended'
  | 'session.all_ended'
  | 'session.recovered'
  | 'session.moved'
  | 'refresh.reuse_detected'
  | 'store.rollback_detected'

/** One thing that happened. Nothing in it signs anyone in. */
export interface NewAuditEvent {
  readonly at: number
  readonly kind: AuditKind
  readonly accountId?: AccountId | undefined
  readonly applicationId?: ApplicationId | undefined
  readonly sessionId?: SessionId | undefined
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  /** What else there is to know: plain JSON. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

/** An event at its place in the audit log: integers that grow. */
export interface AuditEvent extends NewAuditEvent {
  readonly number: number
}
