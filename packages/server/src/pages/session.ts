import type { Auth, Caller, SignedIn } from '@counterfoil/core'
import type { ApplicationId } from '@counterfoil/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clearCookie, SESSION, setCookie } from '../http/cookies.ts'
import { findReader, PAGES_APPLICATION, type Site } from './site.ts'

/** Keeps a session in the cookie of this origin. */
export function keepSession({ context }: Site, reply: FastifyReply, { session, credentials }: SignedIn): void {
  if (credentials.sessionToken === undefined) return
  const lifeMs = session.expiresAt - context.clock.now()
  reply.header('set-cookie', setCookie(SESSION, credentials.sessionToken, lifeMs))
}

/**
 * Removes the session's cookie, and what this origin has put away in the browser (ASVS 14.3.1). Without "cookies": that reaches every host of the
 * registrable domain, and would sign people out of what is not ours.
 */
export function dropSession(reply: FastifyReply): void {
  reply.header('set-cookie', clearCookie(SESSION))
  reply.header('clear-site-data', '"cache", "storage"')
}

/**
 * Whose session a sign-in starts: that of the application that it leads back to, where exactly one there holds its sessions in the same cookie. Else
 * that application would find a session in its cookie which it cannot end.
 */
export function applicationFor({ applications }: Site, returnTo: string | undefined): ApplicationId {
  if (returnTo === undefined) return PAGES_APPLICATION.id
  const { origin } = new URL(returnTo)
  const [found, ...others] = applications.filter(
    ({ strategy, transport, origins }) => strategy === 'stateful' && transport === 'cookie' && origins.includes(origin),
  )
  return found === undefined || others.length > 0 ? PAGES_APPLICATION.id : found.id
}

/** Whether a session will do where one of this application is wanted: for the pages themselves, any will. */
export function willDo({ application }: Caller, wanted: ApplicationId): boolean {
  return wanted === PAGES_APPLICATION.id || application.id === wanted
}

/** The session that the browser holds until now, and whether it goes on when its owner signs in again. */
export async function findHeld(
  site: Site,
  request: FastifyRequest,
  wanted: ApplicationId,
): Promise<Parameters<Auth['signIn']>[0]['held']> {
  const caller = await findReader(site, request)
  if (caller === undefined) return undefined
  // One that its application has in another form by now has no cookie to go on in.
  const isStateful = caller.session.strategy === 'stateful' && caller.application.strategy === 'stateful'
  return { caller, goesOn: isStateful && willDo(caller, wanted) }
}
