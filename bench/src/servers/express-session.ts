import { createClient } from '@redis/client'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'

/** express-session with connect-redis, as their READMEs set it up: `express-session.ts REDIS_URL`. */
const client = createClient({ url: process.argv[2] ?? '' })
await client.connect()
const app = express()
app.use(
  session({
    store: new RedisStore({ client }),
    secret: 'a secret of the benchmark, long enough',
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 86_400_000, httpOnly: true, sameSite: 'lax' },
  }),
)
app.post('/sign-in', (request, response) => {
  request.session.account = 'ada'
  response.json({})
})
app.get('/', (request, response) => {
  if (request.session.account === undefined) response.statusCode = 401
  response.json({ account: request.session.account })
})
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') console.log(`listening on http://127.0.0.1:${address.port}`)
})
