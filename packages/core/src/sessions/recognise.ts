import type { AccessTokenClaims } from '@counterfoil/protocol'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import { statelessEnd, viewOfClaims } from '../strategies/stateless.ts'
import { openOpaqueToken } from '../tokens/opaque-token.ts'
import type { Caller } from './caller.ts'
import type { Session } from './session.ts'
import { findStanding, sessionOfClaims, viewOfRecord, type Standing } from './standing.ts'

/** Writes of last use are held to one per tenth of the idle time. */
const TOUCHES_PER_IDLE_TIME = 10

function callerOf(session: Session, standing: Standing): Caller {
  const { accountGeneration, applicationGeneration } = session
  return { ...standing, session: viewOfRecord(session), accountGeneration, applicationGeneration }
}

/** Who holds this session token. One that this issuer never made is refused without a look at the store. */
export async function recogniseSessionToken(issuer: Issuer, text: string): Promise<Outcome<Caller>> {
  const token = openOpaqueToken('session', text, issuer.keys)
  if (token === 'malformed') return { refused: 'credential_malformed' }
  if (token === 'untrusted') return { refused: 'credential_untrusted' }
  const now = issuer.clock.now()
  let session = await issuer.sessions.find(token.sessionId, now)
  if (session !== undefined && token.generation > session.generation)
    session = await heal(issuer, session, token.generation, now)
  if (session?.strategy !== 'stateful' || token.generation !== session.generation)
    return { refused: 'credential_ended' }
  const standing = await findStanding(issuer, session)
  if (standing === undefined) return { refused: 'credential_ended' }
  await noteUse(issuer, session, standing, now)
  return callerOf(session, standing)
}

/** Only this issuer can have made a token of a later generation: the store lost writes. */
async function heal(issuer: Issuer, session: Session, presented: number, now: number): Promise<Session | undefined> {
  const { id: sessionId, accountId, applicationId } = session
  const detail = { presented, standing: session.generation }
  await issuer.database.recordAudit({
    at: now,
    kind: 'store.rollback_detected',
    accountId,
    applicationId,
    sessionId,
    detail,
  })
  return issuer.sessions.raise(session.id, presented, now)
}

async function noteUse(issuer: Issuer, session: Session, { application }: Standing, now: number): Promise<void> {
  const { idleMs } = lifetimesOf(application, issuer.policy)
  if (now - session.seenAt < idleMs / TOUCHES_PER_IDLE_TIME) return
  try {
    await issuer.sessions.touch(session.id, now, now + idleMs)
  } catch (error) {
    // The session stands, whether or not its use can be written down: the next request tries again.
    if (!(error instanceof StoreUnavailable)) throw error
  }
}

/** Whose access token this is, given the claims of a verified one. */
export async function recogniseAccessToken(issuer: Issuer, claims: AccessTokenClaims): Promise<Outcome<Caller>> {
  const told = sessionOfClaims(claims)
  const standing = await findStanding(issuer, told)
  if (standing === undefined) return { refused: 'credential_ended' }
  if (claims.strategy === 'stateless') {
    const { accountGeneration, applicationGeneration } = told
    const session = viewOfClaims(claims, statelessEnd(issuer, standing, claims.auth_time * 1000))
    return { ...standing, session, accountGeneration, applicationGeneration }
  }
  const session = await issuer.sessions.find(claims.sid, issuer.clock.now())
  return session === undefined ? { refused: 'credential_ended' } : callerOf(session, standing)
}
