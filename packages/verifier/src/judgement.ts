import { areAccessTokenClaims, isFor, validFromAt, type TrustedClaims } from './claims.ts'
import { REFUSED, type Accepted, type Decision, type Refused } from './decision.ts'
import { parseJsonObject } from './strict-json.ts'

/** What every token must say. */
export interface Expectations {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly leewayMs: number
}

/** What one call asks beyond that. */
export interface VerifyOptions {
  /** How long ago the user may have signed in, in seconds (plus the leeway). Default: it does not matter. */
  readonly maxAuthAgeSeconds?: number | undefined
  /** The one of the verifier's audiences that this call is about. Default: any of them. */
  readonly audience?: string | undefined
}

/** A token whose signature and claims are in order; what is left to judge changes with time and call. */
export interface CheckedToken {
  readonly accepted: Accepted
  readonly validFromAt: number
  /** How much is in its payload, for who keeps it. */
  readonly containers: number
  readonly members: number
}

function identify(claims: TrustedClaims): Accepted {
  const { sub, sid, client_id: applicationId, strategy, roles } = claims
  const instants = { authenticatedAt: claims.auth_time * 1000, expiresAt: claims.exp * 1000 }
  const identity = { accountId: sub, sessionId: sid, applicationId, strategy, roles, ...instants, claims }
  return Object.freeze({ outcome: 'accepted', identity: Object.freeze(identity) })
}

/** Reads the payload of a token whose signature has been checked: form, issuer and audience (RFC 9068 §4). */
export function readToken(payload: Uint8Array, { issuer, audiences }: Expectations): CheckedToken | Refused {
  const parsed = parseJsonObject(payload)
  if (parsed === undefined) return REFUSED.malformed
  const { object: claims, containers, members } = parsed
  if (typeof claims['iss'] === 'string' && claims['iss'] !== issuer) return REFUSED['wrong-issuer']
  if (!areAccessTokenClaims(claims)) return REFUSED.malformed
  if (!isFor(claims, audiences)) return REFUSED['wrong-audience']
  return { accepted: identify(claims), validFromAt: validFromAt(claims), containers, members }
}

/** Judges a checked token at an instant, for one call. */
export function judgeToken(
  { accepted, validFromAt }: CheckedToken,
  now: number,
  leewayMs: number,
  call: VerifyOptions | undefined,
): Decision {
  const { identity } = accepted
  if (now >= identity.expiresAt + leewayMs) return REFUSED.expired
  if (now < validFromAt - leewayMs) return REFUSED['not-yet-valid']
  if (call === undefined) return accepted
  const { maxAuthAgeSeconds, audience } = call
  if (audience !== undefined && !isFor(identity.claims, [audience])) return REFUSED['wrong-audience']
  const isTooOld =
    maxAuthAgeSeconds !== undefined && now - identity.authenticatedAt > maxAuthAgeSeconds * 1000 + leewayMs
  return isTooOld ? REFUSED['too-old-authentication'] : accepted
}
