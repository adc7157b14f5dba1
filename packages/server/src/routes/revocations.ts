import { ROUTES, wireOfLease } from '@counterfoil/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ServerContext } from '../context.ts'
import { authenticateVerifier } from '../http/client-authentication.ts'
import { sendProblem } from '../http/problems.ts'
import { LeaseBody, LeaseView, StreamQuery } from '../wire/revocations.ts'
import { answerFault, type App } from './app.ts'

const tags = ['Revocations']
const security = [{ verifier: [] }]

const lease = {
  operationId: 'lease',
  summary: 'Ask for a lease',
  description:
    'A verifier may decide by itself as long as it holds a lease: it applies the records, and counts from before it sent this request. It says how far it has applied the log, which confirms that it obeys up to there. A snapshot comes when that cannot be served.',
  tags,
  security,
  body: LeaseBody,
  response: { 200: LeaseView },
}

const stream = {
  operationId: 'revocations',
  summary: 'Hear of revocations',
  description:
    'Server-sent events: `records` with what is new, `renew` when somebody waits for everybody, `resync` when the place cannot be served. Nothing of the guarantee rests on them.',
  tags,
  security,
  querystring: StreamQuery,
  produces: ['text/event-stream'],
  response: { 200: Type.String({ description: 'An endless stream.' }) },
}

/** A hook that lets verifiers in by their key, before the body is read. */
function onlyVerifiers(context: ServerContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const verifier = authenticateVerifier(context, request.raw)
    if (typeof verifier === 'string') sendProblem(reply, { code: verifier })
  }
}

/** Leases and pushes, for verifiers. */
export function addRevocationRoutes(app: App, context: ServerContext): void {
  const { auth, channels, isDraining } = context
  const onRequest = onlyVerifiers(context)
  app.post(
    ROUTES.lease,
    { schema: lease, onRequest, config: { errors: ['busy', 'store_unavailable'] } },
    async (request, reply) => {
      const { verifier, incarnation, after } = request.body
      if ((incarnation === undefined) !== (after === undefined))
        return answerFault(reply, { code: 'invalid_request', field: '/after', detail: 'It goes with incarnation.' })
      const applied = incarnation === undefined || after === undefined ? undefined : { incarnation, position: after }
      const answer = await auth.feed.lease({ verifier, applied })
      if (answer === 'crowded') return answerFault(reply, { code: 'busy', detail: 'There are too many verifiers.' })
      return wireOfLease(answer) as never
    },
  )
  app.get(ROUTES.feed, { schema: stream, onRequest, config: { errors: ['draining'] } }, async (request, reply) => {
    if (isDraining()) return answerFault(reply, { code: 'draining' })
    const { incarnation, after } = request.query
    reply.hijack()
    const stream = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
    const headers = { ...reply.getHeaders(), ...stream }
    reply.raw.writeHead(200, headers as Record<string, string>)
    channels.open(reply.raw, { incarnation, position: Number(after) })
    return reply
  })
}
