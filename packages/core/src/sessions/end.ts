import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'
import { formerAcceptanceUntil } from '../applications/acceptance.ts'
import { longestAcceptanceMs } from '../applications/lifetimes.ts'
import type { Application } from '../applications/application.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import type { RaisedGeneration } from '../stores/database.ts'
import type { Caller, Ended } from './caller.ts'
import type { Use } from './session.ts'

/** Which session is to end, and whose it is. */
interface Ending {
  readonly id: SessionId
  readonly accountId: AccountId
  readonly applicationId?: ApplicationId | undefined
}

/**
 * Ends one session: first in the log, which everybody obeys, then in the store. Between the two it is as good as ended;
 * after a crash between them it expires there.
 */
export async function endOne(issuer: Issuer, { id, accountId, applicationId }: Ending, use: Use): Promise<Ended> {
  const record = { kind: 'session', sessionId: id, at: use.at } as const
  const head = await issuer.log.append([record])
  issuer.near.note([record])
  await Promise.all([
    issuer.sessions.end(id),
    issuer.database.recordAudit({ ...use, kind: 'session.ended', accountId, applicationId, sessionId: id }),
  ])
  return { sessionIds: [id], head, expiredAt: await expiredAt(issuer, applicationId, use.at) }
}

/** Ends a session of the caller's account. A stateless one left no record: whose it is stands in the audit log. */
export async function endSession(issuer: Issuer, caller: Caller, id: SessionId, use: Use): Promise<Outcome<Ended>> {
  const accountId = caller.account.id
  if (id === caller.session.id) return endOne(issuer, { id, accountId, applicationId: caller.application.id }, use)
  const stored = await issuer.sessions.find(id, use.at)
  const owner = stored?.accountId ?? (await issuer.database.findSessionOwner(id))
  if (owner !== accountId) return { refused: 'not_found' }
  if (stored === undefined && (await issuer.log.holdsSession(id))) return { refused: 'not_found' }
  return endOne(issuer, { id, accountId, applicationId: stored?.applicationId }, use)
}

/** Ends all sessions of an account whose generation has just been raised, but `keep`. */
export async function endBelow(
  issuer: Issuer,
  accountId: AccountId,
  raised: RaisedGeneration,
  keep: SessionId | undefined,
  now: number,
): Promise<Ended> {
  issuer.near.note([{ kind: 'account', accountId }])
  const sessionIds = await issuer.sessions.endAll(accountId, { below: raised.generation, keep })
  return { sessionIds, head: raised.head, expiredAt: await expiredAt(issuer, undefined, now) }
}

/** "Log out everywhere": also the stateless sessions, at their next refresh. */
export async function endAllSessions(
  issuer: Issuer,
  accountId: AccountId,
  keep: SessionId | undefined,
  use: Use,
): Promise<Ended | undefined> {
  const detail = keep === undefined ? undefined : { kept: keep }
  const audit = { ...use, kind: 'session.all_ended', accountId, detail } as const
  const raised = await issuer.database.raiseAccountGeneration(accountId, { at: use.at, keep }, audit)
  return raised && endBelow(issuer, accountId, raised, keep, use.at)
}

/** Ends all sessions of one application: those that are stored are no more from here on, and are swept when they expire. */
export async function endApplicationSessions(
  issuer: Issuer,
  id: ApplicationId,
  now: number,
): Promise<Ended | undefined> {
  const audit = { at: now, kind: 'application.sessions_ended', applicationId: id } as const
  const raised = await issuer.database.raiseApplicationGeneration(id, now, audit)
  if (raised === undefined) return undefined
  issuer.near.note([{ kind: 'client', applicationId: id }])
  return { sessionIds: [], head: raised.head, expiredAt: await expiredAt(issuer, id, now) }
}

/** When the last token that is out already is accepted by nobody any more: of one application, or of any. */
export async function expiredAt(
  issuer: Issuer,
  applicationId: ApplicationId | undefined,
  now: number,
): Promise<number> {
  const one = applicationId === undefined ? undefined : await issuer.database.findApplication(applicationId)
  const concerned: Application[] = one === undefined ? await issuer.database.listApplications() : [one]
  const longestMs = Math.max(0, ...concerned.map((application) => longestAcceptanceMs(application, issuer.policy)))
  return Math.max(now + longestMs, await formerAcceptanceUntil(issuer.database))
}
