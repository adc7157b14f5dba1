import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { Gateway } from '@counterfoil/gateway'
import type { Listen } from '../config/network.ts'

/** Whether requests should come here: it is not on its way out, and can tell who calls. */
function isReady(gateway: Gateway): boolean {
  if (gateway.isDraining) return false
  const { feed } = gateway.status()
  return feed === 'none' || feed.holding
}

/** A listener for operators, apart from that for clients: metrics, liveness, readiness. */
export async function listenForOperators(gateway: Gateway, { host, port }: Listen): Promise<Server> {
  const answer = async (path: string): Promise<{ status: number; type: string; text: string }> => {
    const plain = (status: number, text: string) => ({ status, type: 'text/plain; charset=utf-8', text: `${text}\n` })
    switch (path) {
      case '/metrics':
        return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', text: await gateway.metrics() }
      case '/healthz':
        return plain(200, 'alive')
      case '/readyz':
        return isReady(gateway) ? plain(200, 'ready') : plain(503, gateway.isDraining ? 'draining' : 'no lease')
      default:
        return plain(404, 'there are /metrics, /healthz and /readyz')
    }
  }
  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1)
    void answer(path).then(({ status, type, text }) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
    })
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}
