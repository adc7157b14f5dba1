import type { IncomingMessage } from 'node:http'
import { isRefusal, type Application, type SignedIn } from '@counterfoil/core'
import { REFRESH_COOKIE, ROUTES, SESSION_COOKIE } from '@counterfoil/protocol'
import type { FastifyReply } from 'fastify'
import type { Static } from 'typebox'
import type { ServerContext } from '../context.ts'
import { authenticateApplication } from '../http/client-authentication.ts'
import { readCookie } from '../http/credentials.ts'
import { isOriginAllowed } from '../http/cross-origin.ts'
import { faultOfRefusal } from '../http/faults.ts'
import { replaceCookie, tokenTypeOf } from '../http/hand-over.ts'
import { oauthFault, oauthFaultOf, sendOAuthError, type OAuthFault } from '../http/oauth-errors.ts'
import { hasHungUp } from '../http/hung-up.ts'
import { handOutNonce, readKeyProof } from '../http/proof.ts'
import { fetchMetadata, originOf } from '../http/origin.ts'
import { TokenForm, TokenView } from '../wire/oauth.ts'
import type { App } from './app.ts'

const tags = ['OAuth']
const consumes = ['application/x-www-form-urlencoded']

const token = {
  operationId: 'token',
  summary: 'Refresh',
  description:
    'Buys new credentials with a refresh token (RFC 6749 §6), which comes in the form or in its cookie; the next one goes the way this one came. The same token may be sent again for a short while, and gets the same answer; later, its reuse ends the session. A session takes the form here that its application has by now; one that was stateful comes with its session token.',
  tags,
  consumes,
  security: [{}, { refresh_cookie: [] }, { session_cookie: [] }, { client: [] }],
  body: TokenForm,
  response: { 200: TokenView },
}

interface RefreshToken {
  readonly carrier: 'form' | 'cookie'
  readonly text: string
}

const AMBIGUOUS = oauthFault('invalid_request', 'More than one refresh token was sent. Send one.')

/** The one refresh token of a request. A browser whose session was stateful until now has it in the cookie of that. */
function readRefreshToken(form: Static<typeof TokenForm>, message: IncomingMessage): RefreshToken | OAuthFault {
  const cookie = readCookie(message.headers.cookie, REFRESH_COOKIE)
  if (cookie === 'ambiguous' || (cookie !== undefined && form.refresh_token !== undefined)) return AMBIGUOUS
  if (form.refresh_token !== undefined) return { carrier: 'form', text: form.refresh_token }
  const text = cookie ?? readCookie(message.headers.cookie, SESSION_COOKIE)
  if (text === 'ambiguous') return AMBIGUOUS
  return text === undefined
    ? oauthFault('invalid_request', 'refresh_token: It is needed, in the form or in its cookie.')
    : { carrier: 'cookie', text }
}

/** What is wrong with the grant that is asked for. The password grant is not there, and never will be (RFC 9700 §2.4). */
function judgeGrant(form: Static<typeof TokenForm>): OAuthFault | undefined {
  if (form.grant_type !== 'refresh_token')
    return oauthFault('unsupported_grant_type', 'Only refresh_token is supported.')
  return form.scope === undefined || form.scope === ''
    ? undefined
    : oauthFault('invalid_scope', 'There are no scopes here.')
}

/** A refresh cookie is sent by the browser, whichever page asks: only one that may, gets new credentials (ASVS 3.5.1). */
function mayUseCookie(
  context: ServerContext,
  message: IncomingMessage,
  application: Application | 'anonymous',
): boolean {
  const listed = application === 'anonymous' ? [] : application.origins
  return isOriginAllowed(fetchMetadata(message), context.origin, listed)
}

/** The token endpoint. */
export function addTokenRoute(app: App, context: ServerContext): void {
  app.post(ROUTES.token, { schema: token }, async (request, reply) => {
    const form = request.body
    const application = await authenticateApplication(context, request.raw, form)
    if (application !== 'anonymous' && 'error' in application) return sendOAuthError(reply, application)
    const wrong = judgeGrant(form)
    if (wrong !== undefined) return sendOAuthError(reply, wrong)
    const presented = readRefreshToken(form, request.raw)
    if ('error' in presented) return sendOAuthError(reply, presented)
    if (presented.carrier === 'cookie' && !mayUseCookie(context, request.raw, application))
      return sendOAuthError(reply, oauthFaultOf({ code: 'cross_origin' }))
    const applicationId = application === 'anonymous' ? undefined : application.id
    const proof = await readKeyProof(context, request.raw)
    if (proof !== undefined && 'code' in proof) return sendOAuthError(reply, oauthFaultOf(proof))
    const origin = originOf(request.raw, context.trusts)
    const outcome = await context.auth.refresh(presented.text, applicationId, origin, proof, () =>
      hasHungUp(request.raw.socket),
    )
    if (isRefusal(outcome)) return sendOAuthError(reply, oauthFaultOf(faultOfRefusal(outcome)))
    request.subject = outcome
    if (proof !== undefined) await handOutNonce(context, reply)
    return answerTokens(context, reply, outcome, presented)
  })
}

function answerTokens(
  context: ServerContext,
  reply: FastifyReply,
  signedIn: SignedIn,
  { carrier, text }: RefreshToken,
): Static<typeof TokenView> {
  const tokens = tokensOf(signedIn, context.clock.now())
  if (carrier === 'form') return tokens
  replaceCookie(context, reply, signedIn, text)
  const { refresh_token, ...rest } = tokens
  return rest.access_token === refresh_token ? { expires_in: rest.expires_in } : rest
}

/** RFC 6749 §5.1, also for a session token: it is presented as it is, and brings itself again. */
function tokensOf(signedIn: SignedIn, now: number) {
  const { credentials, session } = signedIn
  const { accessToken, expiresIn, refreshToken, sessionToken } = credentials
  const access_token = accessToken ?? sessionToken
  const refresh_token = refreshToken ?? sessionToken
  if (access_token === undefined || refresh_token === undefined) throw new Error('a refresh answered without tokens')
  const endsAt = Math.min(session.idleExpiresAt ?? session.expiresAt, session.expiresAt)
  const expires_in = expiresIn ?? Math.floor((endsAt - now) / 1000)
  return { access_token, token_type: tokenTypeOf(signedIn), expires_in, refresh_token }
}
