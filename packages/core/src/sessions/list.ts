import type { Issuer } from '../issuer.ts'
import { isSuperseded } from '../revocations/generations.ts'
import type { Caller, SessionView } from './caller.ts'
import { isReleased } from './rotation.ts'
import { viewOfRecord } from './standing.ts'
import { windowMs } from './succession.ts'

/** The account's live sessions, newest first. A stateless one leaves no record, so it is listed only to itself. */
export async function listSessions(issuer: Issuer, caller: Caller): Promise<SessionView[]> {
  const { sessions, database, clock } = issuer
  const [stored, applications] = await Promise.all([
    sessions.list(caller.account.id, clock.now()),
    database.listApplications(),
  ])
  const byId = new Map(applications.map((application) => [application.id, application]))
  const live = stored.filter((session) => {
    const application = byId.get(session.applicationId)
    if (application === undefined || isReleased(session, windowMs(issuer))) return false
    return !isSuperseded(session, { account: caller.account, application })
  })
  const views = live.map(viewOfRecord)
  if (caller.session.strategy !== 'stateless') return views
  return [caller.session, ...views.filter(({ id }) => id !== caller.session.id)]
}
