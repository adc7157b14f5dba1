import { REFRESH_TOKEN_TYPE, SIGNING_ALGORITHMS, type RefreshTokenClaims } from '@counterfoil/protocol'
import { createLocalJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose'
import type { Issuer } from '../issuer.ts'
import { sessionClaims, type TokenSubject } from './access-token.ts'
import { signJwt } from './jwt.ts'
import type { PublicJwk } from './key-ring.ts'

const keySets = new WeakMap<readonly PublicJwk[], JWTVerifyGetKey>()

function keySetOf(keys: readonly PublicJwk[]): JWTVerifyGetKey {
  const known = keySets.get(keys)
  if (known !== undefined) return known
  const made = createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) })
  keySets.set(keys, made)
  return made
}

/** A stateless refresh token: it lives as long as its session, and refreshing does not prolong it. */
export function issueRefreshJwt(issuer: Issuer, subject: TokenSubject, now: number): string {
  const { expiresAt } = subject.session
  const claims: RefreshTokenClaims = sessionClaims(issuer, subject, { audience: issuer.issuer, now, expiresAt })
  return signJwt(REFRESH_TOKEN_TYPE, claims, issuer.keys.signerAt('jwt', now))
}

/** The claims of a stateless refresh token that this issuer made, or why it is not one. Looks nothing up. */
export async function openRefreshJwt(
  issuer: Issuer,
  token: string,
  now: number,
): Promise<RefreshTokenClaims | 'expired' | 'untrusted'> {
  try {
    const { payload } = await jwtVerify<RefreshTokenClaims>(token, keySetOf(issuer.keys.publicKeys()), {
      issuer: issuer.issuer,
      audience: issuer.issuer,
      typ: REFRESH_TOKEN_TYPE,
      algorithms: [...SIGNING_ALGORITHMS],
      currentDate: new Date(now),
      requiredClaims: ['exp', 'sub', 'sid', 'client_id', 'account_generation', 'client_generation'],
    })
    return payload
  } catch (error) {
    // Only what the token is to blame for: jose throws nothing else for a key set in memory.
    if (error instanceof errors.JWTExpired) return 'expired'
    if (error instanceof errors.JOSEError) return 'untrusted'
    throw error
  }
}
