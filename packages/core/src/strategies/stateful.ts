import type { Issuer } from '../issuer.ts'
import type { Session } from '../sessions/session.ts'
import { issueOpaqueToken } from '../tokens/opaque-token.ts'
import type { Credentials } from '../sessions/caller.ts'

/** A stateful session in the client's hands: one opaque token, looked up at each use. */
export function statefulCredentials(issuer: Issuer, session: Session): Credentials {
  return { sessionToken: issueOpaqueToken('session', session, issuer.keys) }
}
