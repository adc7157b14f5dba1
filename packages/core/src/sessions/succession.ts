import type { ApplicationId } from '@counterfoil/protocol'
import type { Application } from '../applications/application.ts'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { AuditKind } from '../audit.ts'
import type { Issuer } from '../issuer.ts'
import type { Refusal } from '../refusal.ts'
import { credentialsOf } from '../strategies/credentials.ts'
import { statelessCredentials } from '../strategies/stateless.ts'
import type { SignedIn, Standing } from './caller.ts'
import type { KeyProof } from './key-proof.ts'
import { isReleased } from './rotation.ts'
import type { Session, Use } from './session.ts'
import { viewOfRecord } from './standing.ts'

/** Who presents a refresh token: the application as far as it said so (and showed its secret, if it has one), and from where. */
export interface Presenter {
  readonly applicationId: ApplicationId | undefined
  readonly use: Use
  /** Of the client's key, where the request brought one. */
  readonly proof?: KeyProof | undefined
  /** Whether nobody waits for the answer any more. */
  readonly hasHungUp?: (() => Promise<boolean>) | undefined
}

/** A token is its application's alone; one with a secret must have shown it, which the caller has seen to (RFC 6749 §6). */
export function maySpend({ id, secretHash }: Application, { applicationId }: Presenter): boolean {
  return applicationId === undefined ? secretHash === undefined : applicationId === id
}

/** How long after a rotation the former token gets the same answer again. */
export function windowMs({ policy }: Issuer): number {
  return policy.refreshConcurrencyWindowSeconds * 1000
}

/** The session as it stands now, in its client's hands. */
export function goOn(issuer: Issuer, session: Session, standing: Standing, now: number): SignedIn {
  if (isReleased(session, windowMs(issuer))) return goOnSigned(issuer, session, standing, now)
  return { ...standing, session: viewOfRecord(session), credentials: credentialsOf(issuer, session, standing, now) }
}

/** The session as signed tokens. They end when it would have ended, and no later than tokens may that no record stands behind. */
function goOnSigned(issuer: Issuer, record: Session, standing: Standing, now: number): SignedIn {
  const { id, applicationId, started, authenticatedAt, accountGeneration, applicationGeneration, rotated } = record
  const { absoluteMs } = lifetimesOf(standing.application, issuer.policy, 'stateless')
  const expiresAt = Math.min(record.expiresAt, rotated.at + absoluteMs)
  const bound = { expiresAt, keyThumbprint: record.keyThumbprint }
  const session = { id, applicationId, strategy: 'stateless', started, authenticatedAt, ...bound } as const
  const signed = { ...session, accountGeneration, applicationGeneration }
  return { ...standing, session, credentials: statelessCredentials(issuer, signed, standing, now) }
}

/** RFC 9700 §4.14.2: nobody can tell the thief from the owner, so the session ends for both; first in the log, then in the store. */
export async function endReused(
  issuer: Issuer,
  session: Session,
  presented: number | 'signed',
  use: Use,
): Promise<Refusal> {
  await issuer.log.append([{ kind: 'session', sessionId: session.id, at: use.at }])
  await issuer.sessions.end(session.id)
  const uses = { presented, standing: session.generation, rotated: { ...session.rotated } }
  await auditRefresh(issuer, 'refresh.reuse_detected', session, use, uses)
  return { refused: 'credential_ended' }
}

/** Writes down what a refresh brought to light or changed. */
export function auditRefresh(
  issuer: Issuer,
  kind: AuditKind,
  session: Pick<Session, 'id' | 'accountId' | 'applicationId'>,
  use: Use,
  detail?: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { id: sessionId, accountId, applicationId } = session
  return issuer.database.recordAudit({ kind, ...use, accountId, applicationId, sessionId, detail })
}
