import { METHODS } from 'node:http'
import { isRefusal, type Caller } from '@counterfoil/core'
import { PROOF_HEADER, ROUTES } from '@counterfoil/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ServerContext } from '../context.ts'
import { askedOfGateway } from '../http/asked-of-gateway.ts'
import { isFault, recogniseRequest } from '../http/identify.ts'
import { handOutNonce } from '../http/proof.ts'
import { exactObject } from '../wire/schema.ts'
import { answerFault, answerRefusal, BY_SESSION, type App } from './app.ts'

const verify = {
  operationId: 'verify',
  summary: 'Verify for a gateway',
  description:
    'For the sub-request of a gateway, with any method: nginx `auth_request`, HAProxy, Caddy and Traefik forward auth, Envoy `ext_authz` (which appends the path that it was asked for: everything below `/verify/` answers alike, without `audience`). Cookies are checked for requests across origins by the method in `X-Forwarded-Method` or `X-Original-Method`, else by that of the sub-request: have your gateway send one of them, in place of what the client sent. A token that is bound to a key (`Authorization: DPoP`) is taken only from a gateway that is one of the `trusted_proxies` and sends `X-Forwarded-Method`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Uri`, each in place of what the client sent, for one of the `gateway_origins`: its proof is checked for that address.',
  tags: ['Gateways'],
  security: BY_SESSION,
  querystring: exactObject({
    audience: Type.Optional(
      Type.String({
        maxLength: 1024,
        description: 'An upstream: `X-Access-Token` is then a short access token for it alone.',
      }),
    ),
  }),
  response: {
    200: Type.Null({
      description:
        'Let it pass. `X-Account-Id`, `X-Session-Id`, `X-Client-Id`, `X-Roles`, and `X-Access-Token` if asked for; `DPoP-Nonce` for the client, where every proof must hold one.',
    }),
  },
}

/** Roles as one header: a comma between them, and whatever is no visible ASCII percent-encoded. */
export function rolesHeader(roles: readonly string[]): string {
  return roles.map((role) => encodeURIComponent(role.toWellFormed())).join(',')
}

/** The audience that the gateway asks for; its query is nobody else's. */
function audienceOf(query: unknown): string | undefined | 'ambiguous' {
  const audience = typeof query === 'object' && query !== null && 'audience' in query ? query.audience : undefined
  return audience === undefined || typeof audience === 'string' ? audience : 'ambiguous'
}

/** Answers for a request as soon as its headers are read; its body is of no concern here. */
export function addVerifyRoutes(app: App, context: ServerContext): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply, audience: string | undefined): Promise<void> => {
    const found = await recogniseRequest(context, request.raw, askedOfGateway(context, request.raw))
    if (isFault(found)) return answerFault(reply, found)
    request.caller = found
    if (request.headers[PROOF_HEADER] !== undefined) await handOutNonce(context, reply)
    return admit(context, reply, found, audience)
  }
  const atPath = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const audience = audienceOf(request.query)
    if (audience === 'ambiguous')
      answerFault(reply, { code: 'invalid_request', field: 'audience', detail: 'Name one.' })
    else await answer(request, reply, audience)
  }
  const below = (request: FastifyRequest, reply: FastifyReply): Promise<void> => answer(request, reply, undefined)
  const errors = ['audience_not_allowed', 'cross_origin'] as const
  const hidden = { schema: { hide: true }, config: { cors: false } as const, handler: answered }
  const methods = METHODS.filter((method) => method !== 'CONNECT' && method !== 'HEAD')
  app.get(ROUTES.verify, { schema: verify, config: { errors, cors: false }, onRequest: atPath }, answered)
  app.route({ ...hidden, method: methods.filter((method) => method !== 'GET'), url: ROUTES.verify, onRequest: atPath })
  app.route({ ...hidden, method: methods, url: `${ROUTES.verify}/*`, onRequest: below })
}

function answered(): never {
  throw new TypeError('the hook before this answers every request')
}

function admit({ auth }: ServerContext, reply: FastifyReply, caller: Caller, audience: string | undefined): undefined {
  if (audience !== undefined) {
    const minted = auth.mintUpstreamToken(caller, audience)
    if (isRefusal(minted))
      return minted.refused === 'invalid_request'
        ? answerFault(reply, { code: 'audience_not_allowed' })
        : answerRefusal(reply, minted)
    reply.header('x-access-token', minted.token)
  }
  reply
    .code(200)
    .header('x-account-id', caller.account.id)
    .header('x-session-id', caller.session.id)
    .header('x-client-id', caller.application.id)
    .header('x-roles', rolesHeader(caller.account.roles))
    .send()
  return undefined
}
