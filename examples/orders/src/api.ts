import type { Verifier } from '@counterfoil/verifier'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

interface Order {
  readonly id: number
  readonly item: string
  readonly quantity: number
}

type Decision = Awaited<ReturnType<Verifier['verify']>>
type Identity = Extract<Decision, { outcome: 'accepted' }>['identity']

/** RFC 6750 §2.1: the credential is in the header, and nowhere else. */
function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** The identity, or undefined when an answer has been sent: 401 for a bad credential, 503 when nobody can tell right now. */
async function identify(
  verifier: Verifier,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Identity | undefined> {
  const decision = await verifier.verify(bearerOf(request))
  switch (decision.outcome) {
    case 'accepted':
      return decision.identity
    case 'refused': {
      const challenge = decision.reason === 'absent' ? 'Bearer' : 'Bearer error="invalid_token"'
      await reply.code(401).header('www-authenticate', challenge).send({ code: decision.reason })
      return undefined
    }
    case 'unknown':
      await reply
        .code(503)
        .header('retry-after', String(Math.ceil(decision.retryAfterMs / 1000)))
        .send({ code: 'unknown' })
      return undefined
  }
}

const newOrder = {
  type: 'object',
  required: ['item'],
  additionalProperties: false,
  properties: {
    item: { type: 'string', minLength: 1, maxLength: 200 },
    quantity: { type: 'integer', minimum: 1, maximum: 1000, default: 1 },
  },
} as const

/** A small API whose routes know who calls. Orders live in memory, each with the account that placed it. */
export function createOrdersApi(verifier: Verifier, log: boolean): FastifyInstance {
  const api = fastify({ logger: log && { redact: ['req.headers.authorization'] } })
  const ordersOf = new Map<string, Order[]>()

  api.get('/whoami', async (request, reply) => {
    const identity = await identify(verifier, request, reply)
    if (identity === undefined) return reply
    const { accountId, sessionId, applicationId, roles, expiresAt } = identity
    return { accountId, sessionId, applicationId, roles, expiresAt: new Date(expiresAt).toISOString() }
  })

  api.get('/orders', async (request, reply) => {
    const identity = await identify(verifier, request, reply)
    return identity === undefined ? reply : { orders: ordersOf.get(identity.accountId) ?? [] }
  })

  api.post<{ Body: Omit<Order, 'id'> }>('/orders', { schema: { body: newOrder } }, async (request, reply) => {
    const identity = await identify(verifier, request, reply)
    if (identity === undefined) return reply
    const placed = ordersOf.get(identity.accountId) ?? []
    const order = { id: placed.length + 1, ...request.body }
    ordersOf.set(identity.accountId, [...placed, order])
    return reply.code(201).send(order)
  })

  return api
}
