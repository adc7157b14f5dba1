import { decodeBase64url } from './base64url.ts'

/** What the client reads in an access token: nothing that is decided by, only what time it is where it was made, and of which session it is. */
export interface TokenClaims {
  /** NumericDate seconds. */
  readonly iat?: number
  readonly sid?: string
}

/** The claims of a JWT, not verified; none when there is none, or it is no JWT. */
export function claimsIn(token: string | undefined): TokenClaims {
  try {
    const claims: { iat?: unknown; sid?: unknown } = JSON.parse(decodeBase64url(token?.split('.')[1] ?? ''))
    const { iat, sid } = claims
    return { ...(typeof iat === 'number' && { iat }), ...(typeof sid === 'string' && { sid }) }
  } catch {
    return {}
  }
}
