import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROUTES, STRATEGIES } from '@counterfoil/protocol'
import { expect, test } from 'vitest'
import { begin, heldFrom, PASSWORD, refresh, send, signIn, signUp, textIn, whoAmI, type Answer } from './client.ts'
import { makeFolder, startServer } from './harness.ts'

const APPLICATION_SECRET = 'the-secret-of-an-application-0123'
const VERIFIER_KEY = 'the-key-of-a-verifier-0123456789ab'

const SETTINGS = `
log_level = "trace"

${STRATEGIES.map((strategy) => `[[applications]]\nid = "${strategy}"\nstrategy = "${strategy}"`).join('\n')}

[[applications]]
id = "browser"
strategy = "hybrid"
transport = "cookie"
origins = ["http://localhost:3000"]

[[applications]]
id = "confidential"
strategy = "hybrid"
secret = "${APPLICATION_SECRET}"

[[verifiers]]
name = "orders"
key = "${VERIFIER_KEY}"
`

/** A step of the run that must really have happened. */
async function ok(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer
  expect(body).not.toHaveProperty('error')
  expect(status).toBeLessThan(300)
}

const basic = (name: string, secret: string): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`

test('the log of a full run holds no secret, at its most talkative', async () => {
  using folder = makeFolder()
  writeFileSync(join(folder.path, 'c.toml'), SETTINGS)
  const server = await startServer({ folder: folder.path }, ['--config', 'c.toml'])
  const { url } = server
  const visitor = { url, email: 'ada@example.com' }
  const secrets = [
    PASSWORD,
    APPLICATION_SECRET,
    VERIFIER_KEY,
    readFileSync(join(folder.path, 'data/secret'), 'utf8').trim(),
  ]

  for (const strategy of STRATEGIES) {
    const held = await begin(visitor, strategy)
    const next = strategy === 'stateful' ? held : heldFrom(await refresh(url, held.refreshToken, strategy))
    const { bearer } = next
    secrets.push(held.bearer, bearer, held.refreshToken ?? bearer, next.refreshToken ?? bearer)
    await ok(whoAmI(url, bearer))
    const authorization = basic('orders', VERIFIER_KEY)
    await ok(send(url, ROUTES.introspect, { form: { token: bearer }, headers: { authorization } }))
    await ok(send(url, ROUTES.verify, { bearer }))
    await send(url, `${ROUTES.attributes}/cart`, { method: 'PUT', bearer, json: { note: 'a-note-of-the-customer' } })
    await ok(send(url, ROUTES.revoke, { form: { token: bearer, client_id: strategy } }))
    await whoAmI(url, bearer)
  }
  const withCookies = await signIn(visitor, 'browser')
  const cookies = withCookies.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
  expect(cookies).toHaveLength(1)
  secrets.push(
    ...cookies.map((cookie) => cookie.slice(cookie.indexOf('=') + 1)),
    textIn(withCookies, 'access_token') ?? '',
  )
  const headers = { cookie: cookies.join('; '), origin: 'http://localhost:3000' }
  await ok(send(url, ROUTES.token, { form: { grant_type: 'refresh_token', client_id: 'browser' }, headers }))
  const confidential = await signIn(visitor, 'confidential')
  const authorization = basic('confidential', APPLICATION_SECRET)
  const form = { grant_type: 'refresh_token', refresh_token: heldFrom(confidential).refreshToken ?? '' }
  await ok(send(url, ROUTES.token, { form, headers: { authorization } }))

  // And what goes wrong.
  await send(url, ROUTES.sessions, {
    json: { client_id: 'hybrid', email: visitor.email, password: 'a-wrong-password-1' },
  })
  await send(url, ROUTES.accounts, { json: { email: 'b@example.com', password: 'a-wrong-password-1', passwort: 1 } })
  await send(url, ROUTES.sessions, {
    headers: { 'content-type': 'application/json' },
    method: 'POST',
    form: { password: 'a-wrong-password-1' },
  })
  await whoAmI(url, 'cfs_a-made-up-token')
  await whoAmI(url, `${secrets.at(-1) ?? ''}x`)
  await signUp(visitor)

  expect(await server.stop()).toBe(0)
  const log = server.output()
  expect(log.split('\n').length).toBeGreaterThan(10)
  const made = [...secrets, 'a-wrong-password-1', 'a-made-up-token', 'a-note-of-the-customer', 'argon2']
  // The signature alone says as much as the whole token does.
  const parts = new Set(made.flatMap((secret) => [secret, secret.split('.').at(-1) ?? secret]))
  expect([...parts].filter((part) => part.length < 6)).toEqual([])
  expect([...parts].filter((part) => log.includes(part))).toEqual([])
})
