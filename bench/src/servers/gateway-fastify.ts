import { IncomingMessage, type IncomingHttpHeaders } from 'node:http'
import httpProxy from '@fastify/http-proxy'
import { createVerifier } from '@counterfoil/verifier'
import { authenticate } from '@counterfoil/verifier/fastify'
import { authOf } from '@counterfoil/verifier/node'
import fastify from 'fastify'

/** @fastify/http-proxy as its README sets it up: `gateway-fastify.ts UPSTREAM [ISSUER KEY]`; with the last two it verifies, and says who calls. */
const [upstream = '', issuer, key = ''] = process.argv.slice(2)

/** What `counterfoil gateway` does for a route that asks for a sign-in, as one would write it here. */
function verifying(url: string): Omit<httpProxy.FastifyHttpProxyOptions, 'upstream'> {
  const judge = authenticate(createVerifier({ issuer: url, audience: url, feed: { key } }))
  return {
    preHandler: (request, reply, done) => {
      void judge(request, reply).then(
        (sent) => (sent === undefined ? done() : undefined),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      )
    },
    replyOptions: { rewriteRequestHeaders: ({ raw }, headers) => withIdentity(raw, headers) },
  }
}

function withIdentity(request: unknown, headers: object): IncomingHttpHeaders {
  const { authorization: _, ...rest }: IncomingHttpHeaders = { ...headers }
  const identity = request instanceof IncomingMessage ? authOf(request)?.identity : undefined
  if (identity === undefined) return rest
  return {
    ...rest,
    'x-account-id': identity.accountId,
    'x-session-id': identity.sessionId,
    'x-client-id': identity.applicationId,
    'x-roles': identity.roles.join(','),
  }
}

const app = fastify()
await app.register(httpProxy, { upstream, ...(issuer !== undefined && verifying(issuer)) })
console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
