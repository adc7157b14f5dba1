import type { Application, Introspection } from '@counterfoil/core'
import { markPosition, ROUTES, type AccessTokenClaims } from '@counterfoil/protocol'
import { Type, type Static } from 'typebox'
import type { KnownVerifier, ServerContext } from '../context.ts'
import { authenticateApplication, authenticateIntrospector } from '../http/client-authentication.ts'
import { oauthFault, sendOAuthError } from '../http/oauth-errors.ts'
import { originOf } from '../http/origin.ts'
import { IntrospectForm, IntrospectionView, RevokeForm } from '../wire/oauth.ts'
import { exactObject } from '../wire/schema.ts'
import { EndingQuery, Revocation } from '../wire/session.ts'
import { awaitEnded } from '../http/obedience.ts'
import type { App } from './app.ts'

const tags = ['OAuth']
const consumes = ['application/x-www-form-urlencoded']

const revoke = {
  operationId: 'revoke',
  summary: 'Revoke',
  description:
    'Ends the session of any credential of the application that asks (RFC 7009). Whatever there was to end, the answer is 200. With `wait=everywhere` it says what was recorded.',
  tags,
  consumes,
  security: [{}, { client: [] }],
  querystring: EndingQuery,
  body: RevokeForm,
  response: {
    200: exactObject(
      {
        revocation: Type.Optional(
          Type.Union([Revocation, Type.Null()], {
            description: 'With `wait=everywhere`; null when there was nothing to end.',
          }),
        ),
      },
      { title: 'Revoked' },
    ),
  },
}

const introspect = {
  operationId: 'introspect',
  summary: 'Introspect',
  description:
    'Tells a verifier about any credential, and an application with a secret about its own (RFC 7662). A credential that signs nobody in is `{"active":false}`, whatever the reason.',
  tags,
  consumes,
  security: [{ client: [] }, { verifier: [] }],
  body: IntrospectForm,
  response: { 200: IntrospectionView },
}

/** The claims of a text that is an access token of this issuer, for whomever. */
async function claimsOf({ tokens }: ServerContext, text: string): ReturnType<typeof readClaims> {
  return readClaims(tokens, text)
}

async function readClaims(tokens: ServerContext['tokens'], text: string) {
  const claims = await tokens.readAny(text)
  return typeof claims === 'string' ? undefined : claims
}

/** RFC 7009. */
export function addRevokeRoute(app: App, context: ServerContext): void {
  app.post(ROUTES.revoke, { schema: revoke }, async (request, reply) => {
    const application = await authenticateApplication(context, request.raw, request.body)
    if (application === 'anonymous')
      return sendOAuthError(reply, oauthFault('invalid_client', 'client_id: It is needed.'))
    if ('error' in application) return sendOAuthError(reply, application)
    const { token } = request.body
    const claims = await claimsOf(context, token)
    const ended = await context.auth.revoke(token, application.id, claims, originOf(request.raw, context.trusts))
    if (request.query.wait === undefined) return {}
    return ended === undefined ? { revocation: null } : awaitEnded(context, ended, request.query.wait)
  })
}

/** RFC 7662. */
export function addIntrospectRoute(app: App, context: ServerContext): void {
  app.post(ROUTES.introspect, { schema: introspect }, async (request, reply) => {
    const asker = await authenticateIntrospector(context, request.raw, request.body)
    if ('error' in asker) return sendOAuthError(reply, asker)
    const { token } = request.body
    const claims = await claimsOf(context, token)
    const found = await context.auth.introspect(token, claims)
    return found !== undefined && mayKnow(asker, found)
      ? viewOfIntrospection(context.issuer, found, claims)
      : { active: false }
  })
}

/** RFC 7662 §4: an application hears of its own credentials only. */
function mayKnow(asker: KnownVerifier | Application, { caller }: Introspection): boolean {
  return 'keyHash' in asker || asker.id === caller.application.id
}

/** RFC 9449 §6.2. An access token says itself what it is bound to, whatever its session is; a session token is bound to no key. */
function bindingOf({ kind, caller }: Introspection, claims: AccessTokenClaims | undefined) {
  const own = kind === 'access_token' ? claims?.cnf?.jkt : undefined
  const jkt = kind === 'refresh_token' ? caller.session.keyThumbprint : own
  const isBound = jkt !== undefined
  const scheme = isBound ? ('DPoP' as const) : ('Bearer' as const)
  return { token_type: kind === 'refresh_token' ? kind : scheme, ...(isBound && { cnf: { jkt } }) }
}

function viewOfIntrospection(
  issuer: string,
  found: Introspection,
  claims: AccessTokenClaims | undefined,
): Static<typeof IntrospectionView> {
  const { caller, issuedAt, expiresAt } = found
  const { account, application, session } = caller
  const audience: string | readonly string[] | undefined = claims?.aud
  return {
    active: true,
    iss: issuer,
    sub: account.id,
    client_id: application.id,
    sid: session.id,
    ...bindingOf(found, claims),
    exp: Math.floor(expiresAt / 1000),
    auth_time: Math.floor(session.authenticatedAt / 1000),
    roles: [...account.roles],
    strategy: session.strategy,
    account_generation: caller.accountGeneration,
    client_generation: caller.applicationGeneration,
    log_position: markPosition(caller.position),
    ...(issuedAt !== undefined && { iat: Math.floor(issuedAt / 1000) }),
    aud: typeof audience === 'string' ? audience : [...(audience ?? [...application.audience, issuer])],
    ...(account.name !== undefined && { username: account.name }),
  }
}
