import type { SessionId } from '@counterfoil/protocol'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import { drawId } from '../random.ts'
import type { Outcome } from '../refusal.ts'
import { credentialsOf } from '../strategies/credentials.ts'
import { statelessCredentials } from '../strategies/stateless.ts'
import type { SessionView, SignedIn, Standing } from './caller.ts'
import { spendProof, type KeyProof } from './key-proof.ts'
import type { Session, Use } from './session.ts'
import { viewOfRecord } from './standing.ts'

/** What the client says of itself, and shows. */
export interface Device {
  readonly deviceLabel?: string | undefined
  /** Of the key that the session shall be bound to. */
  readonly proof?: KeyProof | undefined
}

/**
 * Starts a session for an account that has just proved who it is. Refused for the moment when its sessions were ended while it was proving
 * it: a sign-in that began before "log out everywhere" does not survive it, and was no wrong password either.
 */
export async function startSession(
  issuer: Issuer,
  standing: Standing,
  use: Use,
  device: Device,
): Promise<Outcome<SignedIn>> {
  const spent = isBound(standing, device) && (await spendProof(device.proof))
  if (spent) return spent
  const signedIn = await (standing.application.strategy === 'stateless'
    ? startStateless(issuer, standing, use, device)
    : startStored(issuer, standing, use, device))
  if (signedIn === undefined) return { refused: 'busy', retryAfterMs: 1000 }
  const { at, address, userAgent } = use
  await issuer.database.recordAudit({
    at,
    address,
    userAgent,
    kind: 'session.started',
    accountId: standing.account.id,
    applicationId: standing.application.id,
    sessionId: signedIn.session.id,
  })
  return signedIn
}

/** A stateful session takes no binding: its token is looked up at each use, and ends with the record. */
function isBound({ application }: Standing, device: Device): device is Device & { readonly proof: KeyProof } {
  return device.proof !== undefined && application.strategy !== 'stateful'
}

function startStateless(issuer: Issuer, standing: Standing, use: Use, { proof }: Device): SignedIn {
  const id = drawId<SessionId>(issuer.random)
  return renewStateless(issuer, standing, { id, started: use, keyThumbprint: proof?.keyThumbprint }, use.at)
}

/** A stateless session from an authentication at `at` on: new, or gone on under the account's present generation. */
export function renewStateless(
  issuer: Issuer,
  standing: Standing,
  { id, started, keyThumbprint }: Pick<SessionView, 'id' | 'started' | 'keyThumbprint'>,
  at: number,
): SignedIn {
  const { account, application } = standing
  const expiresAt = at + lifetimesOf(application, issuer.policy, 'stateless').absoluteMs
  const session = {
    id,
    applicationId: application.id,
    strategy: 'stateless',
    started,
    authenticatedAt: at,
    expiresAt,
    keyThumbprint,
  } as const
  const generations = { accountGeneration: account.generation, applicationGeneration: application.generation }
  const credentials = statelessCredentials(issuer, { ...session, ...generations }, standing, at)
  return { account, application, session, credentials }
}

async function startStored(
  issuer: Issuer,
  standing: Standing,
  use: Use,
  device: Device,
): Promise<SignedIn | undefined> {
  const { account, application } = standing
  if (application.strategy === 'stateless') throw new TypeError('a stateless session has no record')
  const { idleMs, absoluteMs } = lifetimesOf(application, issuer.policy)
  const session: Session = {
    id: drawId(issuer.random),
    accountId: account.id,
    applicationId: application.id,
    strategy: application.strategy,
    generation: 0,
    floor: 0,
    rotated: use,
    accountGeneration: account.generation,
    applicationGeneration: application.generation,
    authenticatedAt: use.at,
    started: use,
    seenAt: use.at,
    idleExpiresAt: use.at + Math.min(idleMs, absoluteMs),
    expiresAt: use.at + absoluteMs,
    deviceLabel: device.deviceLabel,
    ...(isBound(standing, device) && { keyThumbprint: device.proof.keyThumbprint }),
  }
  const started = await issuer.sessions.start(session)
  if (started === 'taken') throw new Error('a session id came twice: the source of randomness is broken')
  if (started === 'superseded') return undefined
  const credentials = credentialsOf(issuer, session, standing, use.at)
  return { account, application, session: viewOfRecord(session), credentials }
}
