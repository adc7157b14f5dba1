import {
  opaqueTokenKind,
  type AccessTokenClaims,
  type AccountId,
  type ApplicationId,
  type SessionId,
} from '@counterfoil/protocol'
import type { Issuer } from '../issuer.ts'
import { openOpaqueToken } from '../tokens/opaque-token.ts'
import { openRefreshJwt } from '../tokens/refresh-jwt.ts'
import type { Ended } from './caller.ts'
import { endOne } from './end.ts'
import type { Use } from './session.ts'

interface Owned {
  readonly id: SessionId
  readonly accountId: AccountId
  readonly applicationId: ApplicationId
}

/**
 * Ends the session that a credential of this application belongs to, whichever kind it is (RFC 7009 §2.1). Undefined when
 * there was nothing to end: unknown, expired, ended, or another application's (§2.2). An earlier generation ends it too: whoever
 * hands in an old token wants the session gone.
 */
export async function revoke(
  issuer: Issuer,
  text: string,
  applicationId: ApplicationId,
  claims: AccessTokenClaims | undefined,
  use: Use,
): Promise<Ended | undefined> {
  const owned = claims === undefined ? await ownedByText(issuer, text, use.at) : ownedByClaims(claims)
  if (owned?.applicationId !== applicationId || (await issuer.log.holdsSession(owned.id))) return undefined
  return endOne(issuer, owned, use)
}

function ownedByClaims(claims: Pick<AccessTokenClaims, 'sid' | 'sub' | 'client_id'>): Owned {
  return { id: claims.sid, accountId: claims.sub, applicationId: claims.client_id }
}

async function ownedByText(issuer: Issuer, text: string, now: number): Promise<Owned | undefined> {
  const kind = opaqueTokenKind(text)
  if (kind === undefined) {
    const claims = await openRefreshJwt(issuer, text, now)
    return typeof claims === 'string' ? undefined : ownedByClaims(claims)
  }
  const token = openOpaqueToken(kind, text, issuer.keys)
  return typeof token === 'string' ? undefined : issuer.sessions.find(token.sessionId, now)
}
