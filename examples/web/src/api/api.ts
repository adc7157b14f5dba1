import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Accepted, Verifier } from '@counterfoil/verifier'
import { authenticate, authOf } from '@counterfoil/verifier/node'
import { presentCookie } from './cookie.ts'
import { admitOrigin } from './cors.ts'
import { Orders } from './orders.ts'
import { Sockets } from './sockets.ts'
import { Tickets } from './tickets.ts'

/** The shop's API: `GET` and `POST /orders`, `POST /tickets` for a socket, and sockets that tell of new orders. For pages of one origin. */
export function createShopApi(verifier: Verifier, origin: string): { readonly server: Server; close(): void } {
  const isKnown = authenticate(verifier)
  const tickets = new Tickets<Accepted>()
  const sockets = new Sockets(verifier, tickets, origin)
  const routes = routesOf(new Orders(), tickets, sockets)
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('cache-control', 'no-store')
    if (admitOrigin(request, response, origin)) return
    presentCookie(request, origin)
    if (!(await isKnown(request, response))) return
    const accepted = authOf(request)
    const route = routes[`${request.method ?? ''} ${request.url ?? ''}`]
    if (accepted === undefined || route === undefined) return answer(response, 404, { code: 'not_found' })
    const [status, body] = await route(accepted, request)
    return answer(response, status, body)
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.on('upgrade', sockets.upgrade)
  const close = (): void => {
    sockets.close()
    server.close()
    server.closeAllConnections()
  }
  return { server, close }
}

type Route = (
  accepted: Accepted,
  request: IncomingMessage,
) => readonly [number, object] | Promise<readonly [number, object]>

function routesOf(orders: Orders, tickets: Tickets<Accepted>, sockets: Sockets): Readonly<Record<string, Route>> {
  return {
    'GET /orders': ({ identity }) => [200, { orders: orders.of(identity.accountId) }],
    'POST /orders': async ({ identity }, request) => {
      const order = orders.place(identity.accountId, await json(request).catch(() => undefined))
      if (order === undefined) return [400, { code: 'invalid_order' }]
      sockets.tell(identity.accountId, { kind: 'order', order })
      return [201, order]
    },
    'POST /tickets': (accepted) => [201, { ticket: tickets.issue(accepted) }],
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
