import {
  ACCESS_TOKEN_TYPE,
  markPosition,
  type AccessTokenClaims,
  type LogHead,
  type SessionClaims,
  type SessionId,
  type Strategy,
} from '@counterfoil/protocol'
import type { Account } from '../accounts/account.ts'
import type { Application } from '../applications/application.ts'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import { drawId } from '../random.ts'
import { signJwt } from './jwt.ts'

/** What signed tokens say about a session, whether there is a record of it or not. Instants are epoch milliseconds. */
export interface SignedSession {
  readonly id: SessionId
  readonly strategy: Strategy
  readonly accountGeneration: number
  readonly applicationGeneration: number
  readonly authenticatedAt: number
  /** The absolute end, which no token outlives. */
  readonly expiresAt: number
  /** The thumbprint of the key that the tokens are bound to, if they are. */
  readonly keyThumbprint?: string | undefined
}

/** Whose session it is, and where. */
export interface TokenSubject {
  readonly account: Account
  readonly application: Application
  readonly session: SignedSession
  /** How far the log had been followed before the session was found to stand. */
  readonly position: LogHead
}

/** A signed token and its remaining life in whole seconds. */
export interface IssuedToken {
  readonly token: string
  readonly expiresIn: number
}

/** An instant as NumericDate (RFC 7519 §2): whole seconds, rounded down so that nothing lives longer than it may. */
function numericDate(instant: number): number {
  return Math.floor(instant / 1000)
}

/** The claims that access and stateless refresh tokens have in common. */
export function sessionClaims(
  issuer: Issuer,
  subject: TokenSubject,
  to: { readonly audience: string | readonly string[]; readonly now: number; readonly expiresAt: number },
): SessionClaims {
  const { account, application, session } = subject
  return {
    iss: issuer.issuer,
    sub: account.id,
    aud: to.audience,
    client_id: application.id,
    sid: session.id,
    jti: drawId(issuer.random),
    iat: numericDate(to.now),
    exp: numericDate(Math.min(to.expiresAt, session.expiresAt)),
    auth_time: numericDate(session.authenticatedAt),
    amr: ['pwd'],
    strategy: session.strategy,
    account_generation: session.accountGeneration,
    client_generation: session.applicationGeneration,
    log_position: markPosition(subject.position),
    ...(session.keyThumbprint !== undefined && { cnf: { jkt: session.keyThumbprint } }),
  }
}

function signAccessToken(
  issuer: Issuer,
  subject: TokenSubject,
  to: { audience: string | readonly string[]; now: number; lifeMs: number },
): IssuedToken {
  const common = sessionClaims(issuer, subject, { ...to, expiresAt: to.now + to.lifeMs })
  const claims: AccessTokenClaims = { ...common, roles: subject.account.roles }
  const token = signJwt(ACCESS_TOKEN_TYPE, claims, issuer.keys.signerAt('jwt', to.now))
  return { token, expiresIn: claims.exp - claims.iat }
}

/** An access token (RFC 9068) for the application's audience and the issuer itself. */
export function issueAccessToken(issuer: Issuer, subject: TokenSubject, now: number): IssuedToken {
  const { audience } = subject.application
  const all = audience.includes(issuer.issuer) ? audience : [...audience, issuer.issuer]
  const lifeMs = lifetimesOf(subject.application, issuer.policy).accessTokenMs
  return signAccessToken(issuer, subject, { audience: all.length === 1 ? issuer.issuer : all, now, lifeMs })
}

/**
 * A short access token for one upstream alone: the issuer itself does not take it. It is bound to no key, since whoever hands it on has no proof of
 * the client's for it.
 */
export function issueUpstreamToken(issuer: Issuer, subject: TokenSubject, audience: string, now: number): IssuedToken {
  const unbound = { ...subject, session: { ...subject.session, keyThumbprint: undefined } }
  return signAccessToken(issuer, unbound, { audience, now, lifeMs: issuer.policy.upstreamTokenSeconds * 1000 })
}
