import { createServer, type IncomingHttpHeaders } from 'node:http'
import { ANSWER, SEEN, type Seen } from '../gateway/answer.ts'

/** The service behind the gateways: it answers a GET at once. */
const HEADERS = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(ANSWER) }

function seenIn(headers: IncomingHttpHeaders): Seen {
  const account = headers['x-account-id']
  return {
    account: typeof account === 'string' ? account : null,
    authorization: headers.authorization ?? null,
    cookie: headers.cookie ?? null,
  }
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url?.endsWith(SEEN) === true) response.end(JSON.stringify(seenIn(request.headers)))
  else response.writeHead(200, HEADERS).end(ANSWER)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') console.log(`listening on http://127.0.0.1:${address.port}`)
})
