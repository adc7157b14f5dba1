import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Handler } from '../page-server.ts'

/**
 * An API of rounds: `/rounds/7` takes a token only if no earlier round has seen it, and says of any other that it has expired. So every tab needs a new
 * token in each round, all at the same time, and nobody has to wait for tokens to grow old.
 */
export function answerRounds(): Handler {
  const firstSeen = new Map<string, number>()
  return (request: IncomingMessage, response: ServerResponse) => {
    const round = /^\/rounds\/(\d+)$/.exec(request.url ?? '')?.[1]
    if (round === undefined) return false
    const token = request.headers.authorization?.split(' ')[1]
    if (token === undefined) return refuse(response, 'credential_absent', 'Bearer realm="rounds"')
    const seen = firstSeen.get(token) ?? Number(round)
    firstSeen.set(token, seen)
    if (seen !== Number(round))
      return refuse(response, 'credential_expired', 'Bearer realm="rounds", error="invalid_token"')
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    return true
  }
}

function refuse(response: ServerResponse, code: string, challenge: string): true {
  response
    .writeHead(401, { 'content-type': 'application/problem+json', 'www-authenticate': challenge })
    .end(JSON.stringify({ code, status: 401 }))
  return true
}
