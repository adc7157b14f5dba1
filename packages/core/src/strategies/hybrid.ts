import type { Issuer } from '../issuer.ts'
import type { Session } from '../sessions/session.ts'
import type { Credentials, Standing } from '../sessions/caller.ts'
import { issueAccessToken } from '../tokens/access-token.ts'
import { issueOpaqueToken } from '../tokens/opaque-token.ts'

/** A hybrid session in the client's hands: an access token that anyone verifies, and an opaque token that buys the next one. */
export function hybridCredentials(issuer: Issuer, session: Session, standing: Standing, now: number): Credentials {
  const { token, expiresIn } = issueAccessToken(issuer, { ...standing, session }, now)
  return { accessToken: token, expiresIn, refreshToken: issueOpaqueToken('refresh', session, issuer.keys) }
}
