import type { Account } from '../accounts/account.ts'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import { credentialsOf } from '../strategies/credentials.ts'
import type { Caller, SignedIn, Standing } from './caller.ts'
import { endOne } from './end.ts'
import type { Session, Use } from './session.ts'
import { viewOfRecord } from './standing.ts'
import { renewStateless, startSession, type Device } from './start.ts'

/** Refreshes of the session may come between a look and the renewal; each round somebody gets on. */
const MAX_ROUNDS = 8

/** What a client held when it proved anew who it is. */
export interface Held {
  readonly caller: Caller
  /** Whether that session goes on where it is of the same account: with its application and its attributes, under new credentials. */
  readonly goesOn: boolean
}

/**
 * Starts a session in place of the one that its client held until now: that one goes on under new credentials, or it ends first (ASVS 7.2.4). So
 * whatever fails on the way, no session is left behind that nobody holds.
 */
export async function startInPlace(
  issuer: Issuer,
  standing: Standing,
  use: Use,
  { held, ...device }: Device & { readonly held?: Held | undefined },
): Promise<Outcome<SignedIn>> {
  if (held === undefined) return startSession(issuer, standing, use, device)
  const { caller, goesOn } = held
  const { id } = caller.session
  const known = { accountId: caller.account.id, applicationId: caller.application.id }
  if (!goesOn || caller.account.id !== standing.account.id) {
    await endOne(issuer, { id, ...known }, use)
    return startSession(issuer, standing, use, device)
  }
  const renewed = await renewSession(issuer, caller, standing.account, use)
  // It has ended since it was looked at.
  if (renewed === undefined) return startSession(issuer, standing, use, device)
  // Nodes that keep the session in memory would take the former token for as long as they keep it.
  const record = { kind: 'changed', subject: id, at: use.at } as const
  issuer.near.note([record])
  await issuer.log.append([record])
  await issuer.database.recordAudit({ ...use, kind: 'session.reauthenticated', sessionId: id, ...known })
  return renewed
}

/** The caller's session under the account's present generation, with new credentials: all earlier ones are dead. Undefined when it has ended meanwhile. */
export async function renewSession(
  issuer: Issuer,
  caller: Caller,
  account: Account,
  use: Use,
): Promise<SignedIn | undefined> {
  const standing = { account, application: caller.application, position: caller.position }
  if (caller.session.strategy === 'stateless') return renewStateless(issuer, standing, caller.session, use.at)
  const session = await reauthenticate(issuer, caller, standing, use)
  if (session === undefined) return undefined
  const credentials = credentialsOf(issuer, session, standing, use.at)
  return { ...standing, session: viewOfRecord(session), credentials }
}

async function reauthenticate(
  { sessions, policy, near }: Issuer,
  { session: { id } }: Caller,
  { account, application }: Standing,
  use: Use,
): Promise<Session | undefined> {
  const reauthenticated = { accountGeneration: account.generation }
  let standing = await sessions.find(id, use.at)
  for (let round = 0; standing !== undefined && round < MAX_ROUNDS; round++) {
    const outcome = await sessions.advance(id, standing.generation, {
      now: use.at,
      idleExpiresAt: use.at + lifetimesOf(application, policy, standing.strategy).idleMs,
      use,
      reauthenticated,
    })
    if (outcome === undefined) return undefined
    near.forget(id)
    if ('advanced' in outcome) return outcome.advanced
    standing = outcome.standing
  }
  return undefined
}
