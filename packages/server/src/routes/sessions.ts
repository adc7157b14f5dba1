import type { IncomingMessage } from 'node:http'
import type { SignedIn } from '@counterfoil/core'
import { ROUTES, SESSION_COOKIE, type ApplicationId, type SessionId } from '@counterfoil/protocol'
import { Type } from 'typebox'
import type { ServerContext } from '../context.ts'
import { readCredential } from '../http/credentials.ts'
import { isOriginAllowed, saysOrigin } from '../http/cross-origin.ts'
import { handOver, takeBack } from '../http/hand-over.ts'
import { awaitEnded } from '../http/obedience.ts'
import { callerOf, createIdentify, isFault, recogniseHeld } from '../http/identify.ts'
import { handOutNonce, readKeyProof } from '../http/proof.ts'
import { fetchMetadata, originOf } from '../http/origin.ts'
import { AccountView, viewOfAccount } from '../wire/account.ts'
import { exactObject } from '../wire/schema.ts'
import { EndedView, EndingQuery, Session, SignedInView, SignInBody, viewOfSession } from '../wire/session.ts'
import { answerFault, BY_SESSION, resultOf, type App } from './app.ts'

const tags = ['Sessions']

const signIn = {
  operationId: 'signIn',
  summary: 'Sign in',
  description:
    'Starts a session. What comes back depends on the strategy and the transport of the application. An unknown account, a wrong password and a disabled account are refused alike. A live session of the same application whose credential comes along is replaced: it ends. For first-party pages and programs only: nobody else should see passwords (RFC 9700 §2.4).',
  tags,
  body: SignInBody,
  response: { 201: SignedInView },
}

const currentSession = {
  operationId: 'currentSession',
  summary: 'Who am I',
  description: 'The account and the session that a credential belongs to. Use prolongs a stateful session.',
  tags,
  security: BY_SESSION,
  response: { 200: exactObject({ account: AccountView, session: Session }, { title: 'WhoAmI' }) },
}

const listSessions = {
  operationId: 'listSessions',
  summary: 'List sessions',
  description:
    'The live sessions of the account, newest first. A stateless session leaves no record, so it is listed only to itself.',
  tags,
  security: BY_SESSION,
  response: { 200: exactObject({ sessions: Type.Array(Session) }, { title: 'Sessions' }) },
}

const signOut = {
  operationId: 'signOut',
  summary: 'Sign out',
  description: 'Ends the session that asks, and removes its cookie.',
  tags,
  security: BY_SESSION,
  querystring: EndingQuery,
  response: { 200: EndedView },
}

const endSession = {
  operationId: 'endSession',
  summary: 'End one session',
  description: 'Ends a session of the same account, also a stateless one.',
  tags,
  security: BY_SESSION,
  params: exactObject({ id: Type.String({ maxLength: 100, description: 'The session.' }) }),
  querystring: EndingQuery,
  response: { 200: EndedView },
}

const endAllSessions = {
  operationId: 'endAllSessions',
  summary: 'End all sessions',
  description: 'Logs the account out everywhere; with `keep=current`, everywhere else.',
  tags,
  security: BY_SESSION,
  querystring: exactObject({ ...EndingQuery.properties, keep: Type.Optional(Type.Literal('current')) }),
  response: { 200: EndedView },
}

const SESSION_ID = /^[A-Za-z0-9_-]{22}$/

/** Sign-in. */
export function addSignInRoute(app: App, context: ServerContext): void {
  const { auth, trusts, origin: own } = context
  const errors = [
    'sign_in_failed',
    'unknown_application',
    'too_many_attempts',
    'busy',
    'cross_origin',
    'ambiguous_credentials',
    'invalid_dpop_proof',
    'use_dpop_nonce',
  ] as const
  app.post(ROUTES.sessions, { schema: signIn, config: { errors } }, async (request, reply) => {
    const { client_id, email, password, device_label } = request.body
    const applicationId = client_id as ApplicationId
    const replaced = readCredential(request.raw, SESSION_COOKIE)
    if (replaced === 'ambiguous') return answerFault(reply, { code: 'ambiguous_credentials' })
    const metadata = fetchMetadata(request)
    if (saysOrigin(metadata)) {
      // A page that signs its visitor in as somebody else would read along from then on (login CSRF).
      const application = await auth.findApplication(applicationId)
      if (application?.transport === 'cookie' && !isOriginAllowed(metadata, own, application.origins))
        return answerFault(reply, { code: 'cross_origin' })
    }
    const origin = originOf(request.raw, trusts)
    const proof = await readKeyProof(context, request.raw)
    if (proof !== undefined && 'code' in proof) return answerFault(reply, proof)
    const outcome = await auth.signIn({ applicationId, email, password, deviceLabel: device_label, proof }, origin)
    const signedIn = resultOf(reply, outcome)
    if (signedIn === undefined) return undefined
    if (replaced !== undefined) await endReplaced(context, replaced.text, signedIn, request.raw)
    if (proof !== undefined) await handOutNonce(context, reply)
    request.subject = signedIn
    reply.code(201)
    return handOver(context, reply, signedIn)
  })
}

/** ASVS 7.2.4: the session that the client held until now ends. */
async function endReplaced(
  context: ServerContext,
  text: string,
  { application, session: { keyThumbprint } }: SignedIn,
  message: IncomingMessage,
): Promise<void> {
  const caller = await recogniseHeld(context, text, keyThumbprint)
  if (isFault(caller) || caller.application.id !== application.id) return
  await context.auth.endSession(caller, caller.session.id, originOf(message, context.trusts))
}

/** What is known of sessions. */
export function addSessionRoutes(app: App, context: ServerContext): void {
  const onRequest = createIdentify(context)
  app.get(ROUTES.currentSession, { schema: currentSession, onRequest }, (request, reply) => {
    const { account, session } = callerOf(request)
    reply.send({ account: viewOfAccount(account), session: viewOfSession(session, true) })
  })
  app.get(ROUTES.sessions, { schema: listSessions, onRequest }, async (request) => {
    const caller = callerOf(request)
    const sessions = await context.auth.listSessions(caller)
    return { sessions: sessions.map((session) => viewOfSession(session, session.id === caller.session.id)) }
  })
}

/** The ends of sessions. */
export function addEndingRoutes(app: App, context: ServerContext): void {
  const { auth, trusts } = context
  const onRequest = createIdentify(context)
  app.delete(ROUTES.currentSession, { schema: signOut, onRequest }, async (request, reply) => {
    const caller = callerOf(request)
    const outcome = await auth.endSession(caller, caller.session.id, originOf(request.raw, trusts))
    const ended = resultOf(reply, outcome)
    if (ended === undefined) return undefined
    takeBack(context, reply, caller)
    return awaitEnded(context, ended, request.query.wait)
  })
  const errors = ['not_found'] as const
  app.delete(
    `${ROUTES.sessions}/:id`,
    { schema: endSession, onRequest, config: { errors } },
    async (request, reply) => {
      const caller = callerOf(request)
      const { id } = request.params
      if (!SESSION_ID.test(id)) return answerFault(reply, { code: 'not_found' })
      const ended = resultOf(reply, await auth.endSession(caller, id as SessionId, originOf(request.raw, trusts)))
      if (ended === undefined) return undefined
      if (id === caller.session.id) takeBack(context, reply, caller)
      return awaitEnded(context, ended, request.query.wait)
    },
  )
  app.delete(ROUTES.sessions, { schema: endAllSessions, onRequest }, async (request, reply) => {
    const caller = callerOf(request)
    const { keep } = request.query
    const ended = resultOf(reply, await auth.endAllSessions(caller, keep ?? 'none', originOf(request.raw, trusts)))
    if (ended === undefined) return undefined
    if (keep === undefined) takeBack(context, reply, caller)
    return awaitEnded(context, ended, request.query.wait)
  })
}
