import type { Issuer } from '../issuer.ts'
import { isSuperseded } from '../revocations/generations.ts'
import type { Caller, SessionView } from './caller.ts'
import { viewOfRecord } from './standing.ts'

/** The account's live sessions, newest first. A stateless one leaves no record, so it is listed only to itself. */
export async function listSessions({ sessions, database, clock }: Issuer, caller: Caller): Promise<SessionView[]> {
  const [stored, applications] = await Promise.all([
    sessions.list(caller.account.id, clock.now()),
    database.listApplications(),
  ])
  const byId = new Map(applications.map((application) => [application.id, application]))
  const live = stored.filter((session) => {
    const application = byId.get(session.applicationId)
    return application !== undefined && !isSuperseded(session, { account: caller.account, application })
  })
  const views = live.map(viewOfRecord)
  return caller.session.strategy === 'stateless' ? [caller.session, ...views] : views
}
