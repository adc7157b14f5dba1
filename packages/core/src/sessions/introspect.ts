import { opaqueTokenKind, type AccessTokenClaims, type SessionId } from '@counterfoil/protocol'
import type { Issuer } from '../issuer.ts'
import { isRefusal } from '../refusal.ts'
import { viewOfClaims } from '../strategies/stateless.ts'
import { openOpaqueToken } from '../tokens/opaque-token.ts'
import { openRefreshJwt } from '../tokens/refresh-jwt.ts'
import type { Caller, Standing } from './caller.ts'
import { recogniseAccessToken, recogniseSessionToken } from './recognise.ts'
import { isReleased } from './rotation.ts'
import { sessionEndsAt } from './session.ts'
import { findStanding, sessionOfClaims, viewOfRecord } from './standing.ts'
import { windowMs } from './succession.ts'

/** What RFC 7662 tells about an active credential. */
export interface Introspection {
  readonly caller: Caller
  readonly kind: 'access_token' | 'refresh_token' | 'session_token'
  /** Undefined where nobody wrote it down. */
  readonly issuedAt?: number | undefined
  readonly expiresAt: number
}

/** What there is to say about a credential, or undefined when it signs nobody in (RFC 7662 §2.2). */
export async function introspect(
  issuer: Issuer,
  text: string,
  claims: AccessTokenClaims | undefined,
): Promise<Introspection | undefined> {
  if (claims !== undefined) return introspectAccessToken(issuer, claims)
  switch (opaqueTokenKind(text)) {
    case 'session':
      return introspectSessionToken(issuer, text)
    case 'refresh':
      return introspectRefreshToken(issuer, text)
    case undefined:
      return introspectRefreshJwt(issuer, text)
  }
}

async function introspectAccessToken(issuer: Issuer, claims: AccessTokenClaims): Promise<Introspection | undefined> {
  const caller = await recogniseAccessToken(issuer, claims)
  if (isRefusal(caller)) return undefined
  return { caller, kind: 'access_token', issuedAt: claims.iat * 1000, expiresAt: claims.exp * 1000 }
}

async function introspectSessionToken(issuer: Issuer, text: string): Promise<Introspection | undefined> {
  const caller = await recogniseSessionToken(issuer, text)
  if (isRefusal(caller)) return undefined
  const { authenticatedAt, idleExpiresAt, expiresAt } = caller.session
  const endsAt = Math.min(idleExpiresAt ?? expiresAt, expiresAt)
  return { caller, kind: 'session_token', issuedAt: authenticatedAt, expiresAt: endsAt }
}

/** Looking does not rotate. Only the current generation is active: an earlier one is at best a retry, for the token endpoint to judge. */
async function introspectRefreshToken(issuer: Issuer, text: string): Promise<Introspection | undefined> {
  const token = openOpaqueToken('refresh', text, issuer.keys)
  if (typeof token === 'string') return undefined
  const session = await issuer.sessions.find(token.sessionId, issuer.clock.now())
  if (session?.strategy !== 'hybrid' || token.generation < session.generation) return undefined
  const standing = await findStanding(issuer, session)
  if (standing === undefined) return undefined
  const caller = { ...standing, ...generationsOf(session), session: viewOfRecord(session) }
  return { caller, kind: 'refresh_token', issuedAt: session.rotated.at, expiresAt: sessionEndsAt(session) }
}

async function introspectRefreshJwt(issuer: Issuer, text: string): Promise<Introspection | undefined> {
  const claims = await openRefreshJwt(issuer, text, issuer.clock.now())
  if (typeof claims === 'string') return undefined
  const told = sessionOfClaims(claims)
  const standing = await findStanding(issuer, told)
  if (standing === undefined || (await isTakenOver(issuer, told.id, standing))) return undefined
  const expiresAt = claims.exp * 1000
  const caller = { ...standing, ...generationsOf(told), session: viewOfClaims(claims, expiresAt) }
  return { caller, kind: 'refresh_token', issuedAt: claims.iat * 1000, expiresAt }
}

/** Whether a stateless session has got a record since, and other credentials with it. */
async function isTakenOver(issuer: Issuer, id: SessionId, { application }: Standing): Promise<boolean> {
  if (application.strategy === 'stateless') return false
  const record = await issuer.sessions.find(id, issuer.clock.now())
  return record !== undefined && !isReleased(record, windowMs(issuer))
}

function generationsOf({
  accountGeneration,
  applicationGeneration,
}: Pick<Caller, 'accountGeneration' | 'applicationGeneration'>): Pick<
  Caller,
  'accountGeneration' | 'applicationGeneration'
> {
  return { accountGeneration, applicationGeneration }
}
