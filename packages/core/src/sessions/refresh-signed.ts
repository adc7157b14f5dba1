import type { RefreshTokenClaims, StoredStrategy } from '@counterfoil/protocol'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import { viewOfClaims } from '../strategies/stateless.ts'
import { issueAccessToken } from '../tokens/access-token.ts'
import { openRefreshJwt } from '../tokens/refresh-jwt.ts'
import type { SignedIn, Standing } from './caller.ts'
import { bindingOf, judgeProof } from './key-proof.ts'
import { decideTakeover } from './rotation.ts'
import type { Session, Use } from './session.ts'
import { findStanding, sessionOfClaims } from './standing.ts'
import { auditRefresh, endReused, goOn, maySpend, windowMs, type Presenter } from './succession.ts'

/** Others may start the record between a look and a write, and then it stands. */
const MAX_ROUNDS = 4

/**
 * Buys new credentials with a stateless refresh token. Reads the account and no session: is it there, enabled, of this generation; and what
 * its roles are now. Only where the application keeps records by now, the session gets one.
 */
export async function refreshSigned(issuer: Issuer, text: string, presenter: Presenter): Promise<Outcome<SignedIn>> {
  const now = presenter.use.at
  const claims = await openRefreshJwt(issuer, text, now)
  if (claims === 'expired') return { refused: 'credential_expired' }
  if (claims === 'untrusted') return { refused: 'credential_untrusted' }
  const session = sessionOfClaims(claims)
  const standing = await findStanding(issuer, session)
  if (standing === undefined) return { refused: 'credential_ended' }
  if (!maySpend(standing.application, presenter)) return { refused: 'credential_untrusted' }
  const unproven = await judgeProof({ keyThumbprint: claims.cnf?.jkt }, presenter.proof)
  if (unproven !== undefined) return unproven
  const { strategy } = standing.application
  if (strategy !== 'stateless') return takeOver(issuer, claims, { ...standing, strategy }, presenter.use)
  const view = viewOfClaims(claims, claims.exp * 1000)
  const { token, expiresIn } = issueAccessToken(issuer, { ...standing, session: { ...session, ...view } }, now)
  // The same refresh token again: it has the session's whole life, which refreshing does not prolong.
  return { ...standing, session: view, credentials: { accessToken: token, expiresIn, refreshToken: text } }
}

/** A standing whose application keeps records. */
type StoredStanding = Standing & { readonly strategy: StoredStrategy }

/** Gives a stateless session its record, or its share in the one that another tab has just started. */
async function takeOver(
  issuer: Issuer,
  claims: RefreshTokenClaims,
  standing: StoredStanding,
  use: Use,
): Promise<Outcome<SignedIn>> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const record = await issuer.sessions.find(claims.sid, use.at)
    const decision = decideTakeover(record, bindingOf(record), use.at, windowMs(issuer))
    if (record !== undefined && decision === 'reuse') return endReused(issuer, record, 'signed', use)
    if (decision === 'overtaken') break
    if (record !== undefined && decision === 'recover') await auditRefresh(issuer, 'session.recovered', record, use)
    if (record !== undefined && decision !== 'start') return joinRecord(issuer, record, use)
    if (record !== undefined) await issuer.sessions.end(record.id)
    const outcome = await startRecord(issuer, recordOf(issuer, claims, standing, { record, use }), standing, use)
    if (outcome !== 'taken') return outcome
    // Somebody was faster; or it has expired, and only the sweep has not come by yet.
    if ((await issuer.sessions.find(claims.sid, use.at)) === undefined) return { refused: 'credential_ended' }
  }
  return { refused: 'busy', retryAfterMs: 100 }
}

async function joinRecord(issuer: Issuer, record: Session, use: Use): Promise<Outcome<SignedIn>> {
  const standing = await findStanding(issuer, record)
  return standing === undefined ? { refused: 'credential_ended' } : goOn(issuer, record, standing, use.at)
}

async function startRecord(
  issuer: Issuer,
  record: Session,
  { strategy, ...standing }: StoredStanding,
  use: Use,
): Promise<Outcome<SignedIn> | 'taken'> {
  const started = await issuer.sessions.start(record)
  if (started === 'taken') return 'taken'
  if (started === 'superseded') return { refused: 'credential_ended' }
  // Whoever ended the session while this was going on found no record to end.
  if ((await findStanding(issuer, record)) === undefined) {
    await issuer.sessions.end(record.id)
    return { refused: 'credential_ended' }
  }
  await auditRefresh(issuer, 'session.moved', record, use, { from: 'stateless', to: strategy })
  return goOn(issuer, record, standing, use.at)
}

/**
 * The record of a session that had none. It ends when the signed token would have. Should it end early for want of use, the same token may
 * start it once more; the generations go with the time, so that none comes twice.
 */
function recordOf(
  issuer: Issuer,
  claims: RefreshTokenClaims,
  { application, strategy }: StoredStanding,
  { record, use }: { readonly record: Session | undefined; readonly use: Use },
): Session {
  const authenticatedAt = claims.auth_time * 1000
  const secondsOld = Math.max(0, Math.ceil((use.at - authenticatedAt) / 1000))
  const generation = Math.max(secondsOld, record === undefined ? 0 : record.generation + 1)
  const expiresAt = claims.exp * 1000
  return {
    ...sessionOfClaims(claims),
    strategy,
    generation,
    floor: generation,
    rotated: use,
    authenticatedAt,
    started: { at: authenticatedAt },
    seenAt: use.at,
    idleExpiresAt: Math.min(use.at + lifetimesOf(application, issuer.policy).idleMs, expiresAt),
    expiresAt,
    keyThumbprint: claims.cnf?.jkt,
  }
}
