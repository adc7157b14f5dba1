import { authenticate, authOf, endWithSession, require } from '@counterfoil/verifier/fastify'
import type { Verifier } from '@counterfoil/verifier'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'

interface Order {
  readonly id: number
  readonly item: string
  readonly quantity: number
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

/** Where `counterfoil drill` asks whether a credential is accepted here. */
const PROBE = '/.well-known/counterfoil-probe'
const HEARTBEAT_MS = 1000

/** A small API whose routes know who calls. Orders live in memory, each with the account that placed it. */
export function createOrdersApi(verifier: Verifier, log: boolean): FastifyInstance {
  const api = fastify({ logger: log && { redact: ['req.headers.authorization'] }, forceCloseConnections: true })
  const ordersOf = new Map<string, Order[]>()
  api.addHook('onRequest', authenticate(verifier, { probe: PROBE }))

  api.get('/whoami', (request, reply) => reply.send(viewOf(request)))

  // An event stream that ends with the session: one event now, and signs of life for as long as it lasts.
  api.get('/whoami/stream', (request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    reply.raw.write(`data: ${JSON.stringify(viewOf(request))}\n\n`)
    const heart = setInterval(() => reply.raw.write(':\n\n'), HEARTBEAT_MS)
    reply.raw.once('close', () => clearInterval(heart))
    endWithSession(request, reply)
  })

  api.get('/orders', (request, reply) => reply.send({ orders: ordersOf.get(callerOf(request)) ?? [] }))

  // Placing an order is held to what is known now: where nobody can tell, it waits.
  const strict = { schema: { body: newOrder }, onRequest: require({ onStale: 'reject' }) }
  api.post<{ Body: Omit<Order, 'id'> }>('/orders', strict, async (request, reply) => {
    const placed = ordersOf.get(callerOf(request)) ?? []
    const order = { id: placed.length + 1, ...request.body }
    ordersOf.set(callerOf(request), [...placed, order])
    return reply.code(201).send(order)
  })

  // The hook answers before this; the route is there so that the path is.
  api.get(PROBE, (_request, reply) => reply.code(204).send())
  return api
}

function callerOf(request: FastifyRequest): string {
  return authOf(request)?.identity.accountId ?? ''
}

function viewOf(request: FastifyRequest): object {
  const auth = authOf(request)
  if (auth === undefined) return {}
  const { accountId, sessionId, applicationId, strategy, roles, expiresAt } = auth.identity
  const identity = { accountId, sessionId, applicationId, strategy, roles }
  return { ...identity, fresh: auth.fresh, expiresAt: new Date(expiresAt).toISOString() }
}
