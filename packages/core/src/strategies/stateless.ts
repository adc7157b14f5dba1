import type { SessionClaims } from '@counterfoil/protocol'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import type { Credentials, SessionView, Standing } from '../sessions/caller.ts'
import { issueAccessToken, type SignedSession } from '../tokens/access-token.ts'
import { issueRefreshJwt } from '../tokens/refresh-jwt.ts'

/** A stateless session in the client's hands when it starts: two signed tokens. Nothing is written down. */
export function statelessCredentials(
  issuer: Issuer,
  session: SignedSession,
  standing: Standing,
  now: number,
): Credentials {
  const subject = { ...standing, session }
  const { token, expiresIn } = issueAccessToken(issuer, subject, now)
  return { accessToken: token, expiresIn, refreshToken: issueRefreshJwt(issuer, subject, now) }
}

/** When a stateless session ends at the latest: it has no record, so this follows from when the user signed in. */
export function statelessEnd(issuer: Issuer, standing: Standing, authenticatedAt: number): number {
  return authenticatedAt + lifetimesOf(standing.application, issuer.policy, 'stateless').absoluteMs
}

/** A session without a record as one of its tokens tells it. */
export function viewOfClaims(claims: SessionClaims, expiresAt: number): SessionView {
  const authenticatedAt = claims.auth_time * 1000
  return {
    id: claims.sid,
    applicationId: claims.client_id,
    strategy: 'stateless',
    started: { at: authenticatedAt },
    authenticatedAt,
    expiresAt,
    keyThumbprint: claims.cnf?.jkt,
  }
}
