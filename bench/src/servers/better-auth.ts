import { createServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'

/** better-auth over SQLite with its defaults: `better-auth.ts FOLDER PORT`. Its limit on requests is off, as a benchmark needs. */
const [folder = '.', port = '0'] = process.argv.slice(2)
const url = `http://127.0.0.1:${port}`
const auth = betterAuth({
  database: new DatabaseSync(join(folder, 'better-auth.db')),
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
