import type { IncomingMessage } from 'node:http'
import { isRefusal, type Application, type Outcome, type SignedIn } from '@counterfoil/core'
import { REFRESH_COOKIE_PREFIX, refreshCookieOf, ROUTES, SESSION_COOKIE } from '@counterfoil/protocol'
import type { FastifyReply } from 'fastify'
import type { Static } from 'typebox'
import type { ServerContext } from '../context.ts'
import { authenticateApplication } from '../http/client-authentication.ts'
import { readCookie, readCookieBeginning } from '../http/credentials.ts'
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

const AMBIGUOUS = oauthFault(
  'invalid_request',
  'More than one refresh token was sent. Send one, or say by client_id which is meant.',
)

/**
 * What a request may mean to refresh with, the likeliest first: the token of the form; else those of cookies. Meant is the one in which this
 * application's sessions are, unless it is another application's, as that of stateful sessions can be: a session that has not moved yet is in the other.
 */
function readRefreshTokens(
  form: Static<typeof TokenForm>,
  message: IncomingMessage,
  application: Application | 'anonymous',
): readonly RefreshToken[] | OAuthFault {
  const { cookie } = message.headers
  const refresh =
    application === 'anonymous'
      ? readCookieBeginning(cookie, REFRESH_COOKIE_PREFIX)
      : readCookie(cookie, refreshCookieOf(application.id))
  if (form.refresh_token !== undefined)
    return refresh === undefined ? [{ carrier: 'form', text: form.refresh_token }] : AMBIGUOUS
  const session = readCookie(cookie, SESSION_COOKIE)
  const isStateful = application !== 'anonymous' && application.strategy === 'stateful'
  const found = (isStateful ? [session, refresh] : [refresh, session]).filter((text) => text !== undefined)
  if (found[0] === 'ambiguous') return AMBIGUOUS
  if (found.length === 0)
    return oauthFault('invalid_request', 'refresh_token: It is needed, in the form or in its cookie.')
  return found.flatMap((text) => (text === 'ambiguous' ? [] : [{ carrier: 'cookie' as const, text }]))
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
    const presented = readRefreshTokens(form, request.raw, application)
    if ('error' in presented) return sendOAuthError(reply, presented)
    if (presented.some(({ carrier }) => carrier === 'cookie') && !mayUseCookie(context, request.raw, application))
      return sendOAuthError(reply, oauthFaultOf({ code: 'cross_origin' }))
    const applicationId = application === 'anonymous' ? undefined : application.id
    const proof = await readKeyProof(context, request.raw)
    if (proof !== undefined && 'code' in proof) return sendOAuthError(reply, oauthFaultOf(proof))
    const origin = originOf(request.raw, context.trusts)
    const hungUp = () => hasHungUp(request.raw.socket)
    const refresh = ({ text }: RefreshToken) => context.auth.refresh(text, applicationId, origin, proof, hungUp)
    const { outcome, token } = await refreshFirstOwn(presented, refresh)
    if (isRefusal(outcome)) return sendOAuthError(reply, oauthFaultOf(faultOfRefusal(outcome)))
    request.subject = outcome
    if (proof !== undefined) await handOutNonce(context, reply)
    return answerTokens(context, reply, outcome, token)
  })
}

/** Goes on from a token that is another application's to the next one, if there is one. */
async function refreshFirstOwn(
  [token, ...further]: readonly RefreshToken[],
  refresh: (token: RefreshToken) => Promise<Outcome<SignedIn>>,
): Promise<{ readonly outcome: Outcome<SignedIn>; readonly token: RefreshToken }> {
  if (token === undefined) throw new TypeError('there is nothing to refresh with')
  const outcome = await refresh(token)
  const isForeign = isRefusal(outcome) && outcome.refused === 'credential_untrusted'
  return isForeign && further.length > 0 ? refreshFirstOwn(further, refresh) : { outcome, token }
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
