import { createServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createClient } from '@redis/client'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'

/** better-auth with Redis as its secondary storage, as its documentation sets it up: `better-auth-redis.ts FOLDER PORT REDIS_URL`. */
const [folder = '.', port = '0', redisUrl = ''] = process.argv.slice(2)
const client = createClient({ url: redisUrl })
await client.connect()
const url = `http://127.0.0.1:${port}`
const auth = betterAuth({
  database: new DatabaseSync(join(folder, 'better-auth-redis.db')),
  secondaryStorage: {
    get: (key) => client.get(key),
    set: async (key, value, ttl) => {
      await (ttl === undefined ? client.set(key, value) : client.set(key, value, { EX: ttl }))
    },
    delete: async (key) => {
      await client.del(key)
    },
    getAndDelete: (key) => client.getDel(key),
    increment: async (key, ttl) => {
      const count = await client.incr(key)
      if (count === 1) await client.expire(key, ttl)
      return count
    },
  },
  emailAndPassword: { enabled: true },
  secret: 'a secret of the benchmark, long enough for all',
  baseURL: url,
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
})
const { runMigrations } = await getMigrations(auth.options)
await runMigrations()
createServer((request, response) => void toNodeHandler(auth)(request, response)).listen(Number(port), '127.0.0.1', () =>
  console.log(`listening on ${url}`),
)
