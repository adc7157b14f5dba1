import type { SessionClaims } from '@counterfoil/protocol'
import type { Issuer } from '../issuer.ts'
import { isSuperseded } from '../revocations/generations.ts'
import type { SessionView, Standing } from './caller.ts'
import type { Session } from './session.ts'

/**
 * The account and the application of a session, unless it has been ended: by a record of its own, which holds from the moment that it is in
 * the log, whatever a store still says; or with all others of either.
 */
export async function findStanding(
  issuer: Issuer,
  session: Pick<Session, 'id' | 'accountId' | 'applicationId' | 'accountGeneration' | 'applicationGeneration'>,
): Promise<Standing | undefined> {
  // Before the reads: they see every record up to here.
  const position = issuer.feed.position()
  const [account, application, isEnded] = await Promise.all([
    issuer.database.findAccount(session.accountId),
    issuer.database.findApplication(session.applicationId),
    issuer.log.holdsSession(session.id),
  ])
  if (account === undefined || application === undefined || isEnded) return undefined
  const standing = { account, application, position }
  return isSuperseded(session, standing) ? undefined : standing
}

/** What the claims of a token say about the session, in the words of a record. */
export function sessionOfClaims(
  claims: SessionClaims,
): Pick<Session, 'id' | 'accountId' | 'applicationId' | 'accountGeneration' | 'applicationGeneration'> {
  return {
    id: claims.sid,
    accountId: claims.sub,
    applicationId: claims.client_id,
    accountGeneration: claims.account_generation,
    applicationGeneration: claims.client_generation,
  }
}

/** A stored session as its owner may see it. */
export function viewOfRecord(session: Session): SessionView {
  const { id, applicationId, strategy, started, authenticatedAt, seenAt, idleExpiresAt, expiresAt } = session
  const { deviceLabel, keyThumbprint } = session
  const times = { authenticatedAt, seenAt, idleExpiresAt, expiresAt }
  return { id, applicationId, strategy, started, ...times, deviceLabel, keyThumbprint }
}
