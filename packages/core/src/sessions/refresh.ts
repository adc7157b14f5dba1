import { opaqueTokenKind, type ApplicationId, type OpaqueToken } from '@counterfoil/protocol'
import type { Application } from '../applications/application.ts'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { AuditKind } from '../audit.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome, Refusal } from '../refusal.ts'
import { credentialsOf } from '../strategies/credentials.ts'
import { viewOfClaims } from '../strategies/stateless.ts'
import { issueAccessToken } from '../tokens/access-token.ts'
import { openOpaqueToken } from '../tokens/opaque-token.ts'
import { openRefreshJwt } from '../tokens/refresh-jwt.ts'
import type { SignedIn } from './caller.ts'
import { decideRotation } from './rotation.ts'
import type { Session, Use } from './session.ts'
import { findStanding, sessionOfClaims, viewOfRecord, type Standing } from './standing.ts'

/** Others may rotate between a look and a write; each round somebody gets on, and a replay ends it. */
const MAX_ROUNDS = 8

/** Who presents a refresh token: the application as far as it said so (and showed its secret, if it has one), and from where. */
export interface Presenter {
  readonly applicationId: ApplicationId | undefined
  readonly use: Use
}

/** Buys new credentials with a refresh token of either kind. One that this issuer never made is refused without a look at the store. */
export async function refresh(issuer: Issuer, text: string, presenter: Presenter): Promise<Outcome<SignedIn>> {
  if (opaqueTokenKind(text) === undefined) return refreshStateless(issuer, text, presenter)
  const token = openOpaqueToken('refresh', text, issuer.keys)
  if (token === 'malformed') return { refused: 'credential_malformed' }
  if (token === 'untrusted') return { refused: 'credential_untrusted' }
  return refreshStored(issuer, token, presenter)
}

async function refreshStored(issuer: Issuer, token: OpaqueToken, presenter: Presenter): Promise<Outcome<SignedIn>> {
  const { use } = presenter
  const windowMs = issuer.policy.refreshConcurrencyWindowSeconds * 1000
  let session = await issuer.sessions.find(token.sessionId, use.at)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (session?.strategy !== 'hybrid') return { refused: 'credential_ended' }
    const standing = await findStanding(issuer, session)
    if (standing === undefined) return { refused: 'credential_ended' }
    if (!maySpend(standing.application, presenter)) return { refused: 'credential_untrusted' }
    switch (decideRotation(session, token.generation, 'bearer', use.at, windowMs)) {
      case 'rotate': {
        const outcome = await advance(issuer, session, standing, use)
        if (outcome !== undefined && 'advanced' in outcome) return goOn(issuer, outcome.advanced, standing, use.at)
        session = outcome?.standing
        break
      }
      case 'heal':
        await audit(issuer, 'store.rollback_detected', session, use, { presented: token.generation })
        session = await issuer.sessions.raise(session.id, token.generation, use.at)
        break
      case 'recover':
        await audit(issuer, 'session.recovered', session, use)
        return goOn(issuer, session, standing, use.at)
      case 'replay':
        return goOn(issuer, session, standing, use.at)
      case 'superseded':
        return { refused: 'credential_ended' }
      case 'reuse':
        return endReused(issuer, session, token, use)
    }
  }
  // So many rounds lost means that many others won: the client tries again and meets a standing generation.
  return { refused: 'busy', retryAfterMs: 100 }
}

/** A token is its application's alone; one with a secret must have shown it, which the caller has seen to (RFC 6749 §6). */
function maySpend({ id, secretHash }: Application, { applicationId }: Presenter): boolean {
  return applicationId === undefined ? secretHash === undefined : applicationId === id
}

function advance(
  issuer: Issuer,
  session: Session,
  { application }: Standing,
  use: Use,
): ReturnType<Issuer['sessions']['advance']> {
  const idleExpiresAt = use.at + lifetimesOf(application, issuer.policy).idleMs
  return issuer.sessions.advance(session.id, session.generation, { now: use.at, idleExpiresAt, use })
}

function goOn(issuer: Issuer, session: Session, standing: Standing, now: number): SignedIn {
  return { ...standing, session: viewOfRecord(session), credentials: credentialsOf(issuer, session, standing, now) }
}

/** RFC 9700 §4.14.2: nobody can tell the thief from the owner, so the session ends for both; first in the log, then in the store. */
async function endReused(issuer: Issuer, session: Session, token: OpaqueToken, use: Use): Promise<Refusal> {
  await issuer.log.append([{ kind: 'session', sessionId: session.id, at: use.at }])
  await issuer.sessions.end(session.id)
  const uses = { presented: token.generation, standing: session.generation, rotated: { ...session.rotated } }
  await audit(issuer, 'refresh.reuse_detected', session, use, uses)
  return { refused: 'credential_ended' }
}

function audit(
  issuer: Issuer,
  kind: AuditKind,
  session: Session,
  use: Use,
  detail?: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { id: sessionId, accountId, applicationId } = session
  return issuer.database.recordAudit({ kind, ...use, accountId, applicationId, sessionId, detail })
}

/** Reads the account and no session: is it there, enabled, of this generation; and what its roles are now. */
async function refreshStateless(issuer: Issuer, text: string, presenter: Presenter): Promise<Outcome<SignedIn>> {
  const now = presenter.use.at
  const claims = await openRefreshJwt(issuer, text, now)
  if (claims === 'expired') return { refused: 'credential_expired' }
  if (claims === 'untrusted') return { refused: 'credential_untrusted' }
  const session = sessionOfClaims(claims)
  const standing = await findStanding(issuer, session)
  if (standing === undefined) return { refused: 'credential_ended' }
  if (!maySpend(standing.application, presenter)) return { refused: 'credential_untrusted' }
  const view = viewOfClaims(claims, claims.exp * 1000)
  const { token, expiresIn } = issueAccessToken(issuer, { ...standing, session: { ...session, ...view } }, now)
  // The same refresh token again: it has the session's whole life, which refreshing does not prolong.
  return { ...standing, session: view, credentials: { accessToken: token, expiresIn, refreshToken: text } }
}
