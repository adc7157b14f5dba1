import type { AccessTokenClaims, OpaqueToken, SessionId } from '@counterfoil/protocol'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import { isSuperseded } from '../revocations/generations.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import { statelessEnd, viewOfClaims } from '../strategies/stateless.ts'
import { openOpaqueToken } from '../tokens/opaque-token.ts'
import type { Caller, Standing } from './caller.ts'
import type { FoundSession } from './near-cache.ts'
import { decideSessionToken, isReleased } from './rotation.ts'
import type { Session } from './session.ts'
import { findStanding, sessionOfClaims, viewOfRecord } from './standing.ts'
import { windowMs } from './succession.ts'

/** Writes of last use are held to one per tenth of the idle time. */
const TOUCHES_PER_IDLE_TIME = 10

function callerOf(session: Session, standing: Standing): Caller {
  const { accountGeneration, applicationGeneration } = session
  return { ...standing, session: viewOfRecord(session), accountGeneration, applicationGeneration }
}

/** Who holds this session token. One that this issuer never made is refused without a look at the store. */
export async function recogniseSessionToken(issuer: Issuer, text: string): Promise<Outcome<Caller>> {
  const token = openOpaqueToken('session', text, issuer.keys, issuer.provenTags)
  if (token === 'malformed') return { refused: 'credential_malformed' }
  if (token === 'untrusted') return { refused: 'credential_untrusted' }
  const now = issuer.clock.now()
  const found = await findAtLeast(issuer, token, now)
  if (found === undefined) return { refused: 'credential_ended' }
  const decision = decideSessionToken(found.session, token.generation, now, windowMs(issuer))
  if (decision === 'ended') return { refused: 'credential_ended' }
  if (decision === 'current') await noteUse(issuer, found, now)
  return callerOf(found.session, found.standing)
}

/** The session as it stands, at the generation of the token at least. */
async function findAtLeast(
  issuer: Issuer,
  { sessionId, generation }: Pick<OpaqueToken, 'sessionId' | 'generation'>,
  now: number,
): Promise<FoundSession | undefined> {
  const read = (): Promise<FoundSession | undefined> => readSession(issuer, sessionId, now)
  const known = await issuer.near.find(sessionId, now, read)
  if (known === undefined || generation <= known.session.generation) return known
  // Another node may have moved it on: the store knows.
  issuer.near.forget(sessionId)
  const found = await read()
  if (found === undefined || generation <= found.session.generation) return found
  const session = await heal(issuer, found.session, generation, now)
  return session && { session, standing: found.standing }
}

/** The session as the stores have it, with what it belongs to; undefined when it has ended. */
async function readSession(issuer: Issuer, id: SessionId, now: number): Promise<FoundSession | undefined> {
  const session = await issuer.sessions.find(id, now)
  const standing = session && (await findStanding(issuer, session))
  return session && standing && { session, standing }
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

async function noteUse(issuer: Issuer, { session, standing }: FoundSession, now: number): Promise<void> {
  // Use keeps a session in the form that it has, also where its application has another by now.
  const { idleMs } = lifetimesOf(standing.application, issuer.policy, session.strategy)
  if (now - session.seenAt < idleMs / TOUCHES_PER_IDLE_TIME) return
  try {
    await issuer.sessions.touch(session.id, now, now + idleMs)
    issuer.near.replace({ ...session, seenAt: now, idleExpiresAt: Math.min(now + idleMs, session.expiresAt) })
  } catch (error) {
    // The session stands, whether or not its use can be written down: the next request tries again.
    if (!(error instanceof StoreUnavailable)) throw error
  }
}

/** Whose access token this is, given the claims of a verified one. It lives as long as it says, whatever form its session has taken since. */
export async function recogniseAccessToken(issuer: Issuer, claims: AccessTokenClaims): Promise<Outcome<Caller>> {
  if (claims.strategy === 'stateless') return recogniseSigned(issuer, claims)
  const found = await findRecord(issuer, claims)
  if (found !== undefined)
    // The token may be of a time before the user proved anew who they are.
    return isSuperseded(sessionOfClaims(claims), found.standing)
      ? { refused: 'credential_ended' }
      : callerOf(found.session, found.standing)
  const standing = await findStanding(issuer, sessionOfClaims(claims))
  // Without a record a session has ended, unless its application keeps none by now.
  return standing?.application.strategy === 'stateless'
    ? signedCaller(issuer, claims, standing)
    : { refused: 'credential_ended' }
}

async function recogniseSigned(issuer: Issuer, claims: AccessTokenClaims): Promise<Outcome<Caller>> {
  const standing = await findStanding(issuer, sessionOfClaims(claims))
  if (standing === undefined) return { refused: 'credential_ended' }
  const found = standing.application.strategy === 'stateless' ? undefined : await findRecord(issuer, claims)
  return found === undefined ? signedCaller(issuer, claims, standing) : callerOf(found.session, standing)
}

/** The record that an access token's session goes on with, if there is one. */
async function findRecord(issuer: Issuer, { sid }: AccessTokenClaims): Promise<FoundSession | undefined> {
  const now = issuer.clock.now()
  const found = await issuer.near.find(sid, now, () => readSession(issuer, sid, now))
  return found !== undefined && isReleased(found.session, windowMs(issuer)) ? undefined : found
}

function signedCaller(issuer: Issuer, claims: AccessTokenClaims, standing: Standing): Caller {
  const { accountGeneration, applicationGeneration } = sessionOfClaims(claims)
  const endsAt = statelessEnd(issuer, standing, claims.auth_time * 1000)
  // A session that had a record once may be older than one that never had, and its tokens outlive that end.
  const session = viewOfClaims(claims, Math.max(endsAt, claims.exp * 1000))
  return { ...standing, session, accountGeneration, applicationGeneration }
}
