import type { IncomingMessage, ServerResponse } from 'node:http'

/** Lets pages of one origin read the answers, and those of no other. True: the request was a preflight, and has its answer. */
export function admitOrigin(request: IncomingMessage, response: ServerResponse, origin: string): boolean {
  response.setHeader('vary', 'origin')
  if (request.headers.origin === origin) {
    response.setHeader('access-control-allow-origin', origin)
    response.setHeader('access-control-allow-credentials', 'true')
    // The client looks at these to find out whether to refresh, to wait, or to prove possession once more.
    response.setHeader('access-control-expose-headers', 'date, dpop-nonce, retry-after, www-authenticate')
  }
  if (request.method !== 'OPTIONS') return false
  response.setHeader('access-control-allow-methods', 'GET, POST')
  response.setHeader('access-control-allow-headers', 'authorization, content-type, dpop')
  response.setHeader('access-control-max-age', '600')
  response.writeHead(204).end()
  return true
}
