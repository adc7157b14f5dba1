import { createServer } from 'node:http'
import { authenticate, authOf } from '@counterfoil/verifier/node'
import { createVerifier } from '@counterfoil/verifier'

/**
 * A service behind the gateway: `service.js name port issuer audience`. It knows nothing of cookies, sign-in and sessions: each request comes with a
 * token that the gateway has made for it alone, and it verifies that like any other.
 */
const [name = '', port = '0', issuer = '', audience = ''] = process.argv.slice(2)

const verifier = createVerifier({ issuer, audience })
const isKnown = authenticate(verifier)

const server = createServer((request, response) => {
  void isKnown(request, response).then((known) => {
    if (!known) return
    const { accountId, sessionId, applicationId, claims } = authOf(request)?.identity ?? {}
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({ service: name, accountId, sessionId, applicationId, iss: claims?.iss, aud: claims?.aud }),
    )
  })
})
server.listen(Number(port), '127.0.0.1')
process.once('SIGINT', () => server.close(() => verifier.close()).closeAllConnections())
