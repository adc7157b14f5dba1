import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import { createClient } from '@redis/client'
import { RedisStore } from 'connect-redis'
import fastify from 'fastify'

declare module 'fastify' {
  interface Session {
    account?: string
  }
}

/** @fastify/session over Redis, as its README sets it up: `fastify-session.ts REDIS_URL`. */
const client = createClient({ url: process.argv[2] ?? '' })
await client.connect()
const app = fastify()
await app.register(fastifyCookie)
await app.register(fastifySession, {
  secret: 'a secret of the benchmark, long enough',
  store: new RedisStore({ client }),
  saveUninitialized: false,
  cookie: { maxAge: 86_400_000, httpOnly: true, sameSite: 'lax', secure: false },
})
app.post('/sign-in', (request) => {
  request.session.account = 'ada'
  return {}
})
app.get('/', (request, reply) => {
  if (request.session.account === undefined) reply.code(401)
  return { account: request.session.account }
})
console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
