import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createVerifier } from '@counterfoil/verifier'
import fastify from 'fastify'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { following } from '../following.ts'

/** Services of one route, without and with verification: `plain.ts http|http-verified|fastify|fastify-jose [ISSUER]`. */
const [kind = 'http', issuer = ''] = process.argv.slice(2)
const BODY = JSON.stringify({ account: 'ada', roles: [] })

function bearerOf(authorization: string | undefined): string {
  return authorization?.slice('Bearer '.length) ?? ''
}

function serveHttp(): void {
  const verifier =
    kind === 'http-verified' ? createVerifier({ issuer, audience: issuer, ...following(1000) }) : undefined
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (verifier !== undefined) {
      const found = verifier.verify(bearerOf(request.headers.authorization))
      const { outcome } = found instanceof Promise ? await found : found
      if (outcome !== 'accepted') response.statusCode = 401
    }
    response.setHeader('content-type', 'application/json')
    response.end(BODY)
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
  })
}

async function serveFastify(): Promise<void> {
  const keys = createRemoteJWKSet(new URL(`${issuer || 'http://localhost'}/.well-known/jwks.json`))
  const app = fastify()
  app.get('/', async (request, reply) => {
    if (kind === 'fastify-jose') {
      const token = bearerOf(request.headers.authorization)
      const verified = await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'at+jwt' }).catch(() => undefined)
      if (verified === undefined) return reply.code(401).send()
    }
    return { account: 'ada', roles: [] }
  })
  console.log(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}`)
}

if (kind.startsWith('fastify')) await serveFastify()
else serveHttp()
