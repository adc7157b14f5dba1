import type { Issuer } from '../issuer.ts'
import type { Credentials, Standing } from '../sessions/caller.ts'
import type { Session } from '../sessions/session.ts'
import { hybridCredentials } from './hybrid.ts'
import { statefulCredentials } from './stateful.ts'

/** What a stored session becomes in the client's hands. */
export function credentialsOf(issuer: Issuer, session: Session, standing: Standing, now: number): Credentials {
  return session.strategy === 'stateful'
    ? statefulCredentials(issuer, session)
    : hybridCredentials(issuer, session, standing, now)
}
