import type { SignedIn } from '@counterfoil/core'
import { opaqueTokenKind } from '@counterfoil/protocol'
import type { FastifyReply } from 'fastify'
import type { ServerContext } from '../context.ts'
import { viewOfSession } from '../wire/session.ts'
import type { Scheme } from './credentials.ts'
import { clearCookie, setCookie } from './cookies.ts'

/** How long a credential's cookie lives: as long as the session can, by what is known now. */
function cookieLifeMs({ session }: SignedIn, now: number): number {
  // Use prolongs a stateful session without a new cookie; a hybrid one gets a new cookie with each refresh.
  const idle = session.strategy === 'hybrid' ? (session.idleExpiresAt ?? session.expiresAt) : session.expiresAt
  return Math.min(idle, session.expiresAt) - now
}

/** Puts the long-lived credential into its cookie. */
function putIntoCookie(context: ServerContext, reply: FastifyReply, signedIn: SignedIn): void {
  const value = signedIn.credentials.sessionToken ?? signedIn.credentials.refreshToken
  if (value === undefined) return
  const shape = context.cookieOf(signedIn.session.strategy, signedIn.application.id)
  reply.header('set-cookie', setCookie(shape, value, cookieLifeMs(signedIn, context.clock.now())))
}

/** The same at a refresh that began with `former`, also from a cookie: where the session has another one now, that one is removed. */
export function replaceCookie(context: ServerContext, reply: FastifyReply, signedIn: SignedIn, former: string): void {
  const { application, session } = signedIn
  const old = context.cookieOf(opaqueTokenKind(former) === 'session' ? 'stateful' : 'hybrid', application.id)
  const { name } = context.cookieOf(session.strategy, application.id)
  if (old.name !== name) reply.header('set-cookie', clearCookie(old))
  putIntoCookie(context, reply, signedIn)
}

/** How the access token of a session is presented (RFC 9449 §5). A session token is bound to no key, whatever its session is. */
export function tokenTypeOf({ credentials, session }: Pick<SignedIn, 'credentials' | 'session'>): Scheme {
  return credentials.accessToken === undefined || session.keyThumbprint === undefined ? 'Bearer' : 'DPoP'
}

/** What a client gets when a session starts or goes on: by its application's transport, in the body or in a cookie, never in both (ASVS 3.3.4). */
export function handOver(context: ServerContext, reply: FastifyReply, signedIn: SignedIn) {
  const { accessToken, expiresIn, refreshToken, sessionToken } = signedIn.credentials
  const inBody = signedIn.application.transport === 'body'
  if (!inBody) putIntoCookie(context, reply, signedIn)
  return {
    session: viewOfSession(signedIn.session, true),
    access_token: accessToken,
    token_type: accessToken === undefined ? undefined : tokenTypeOf(signedIn),
    expires_in: expiresIn,
    refresh_token: inBody ? refreshToken : undefined,
    session_token: inBody ? sessionToken : undefined,
  }
}

/**
 * Removes the cookie of a session that has ended. `Clear-Site-Data` is not sent: its "cookies" reaches every host of the
 * registrable domain, and answers with personal data are never stored anyway (ASVS 14.3.1, 14.3.2).
 */
export function takeBack(
  context: ServerContext,
  reply: FastifyReply,
  { application, session }: Pick<SignedIn, 'application' | 'session'>,
): void {
  if (application.transport === 'cookie')
    reply.header('set-cookie', clearCookie(context.cookieOf(session.strategy, application.id)))
}
