import { ROUTES, STRATEGIES } from '@counterfoil/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, heldFrom, refresh, send, signIn, whoAmI, type Held } from './client.ts'
import { makeFolder, startServer, type RunningServer } from './harness.ts'

let folder: ReturnType<typeof makeFolder>
let server: RunningServer

beforeAll(async () => {
  folder = makeFolder()
  server = await startServer({ folder: folder.path })
})

afterAll(async () => {
  await server.stop()
  folder[Symbol.dispose]()
})

describe.each(STRATEGIES)('a %s session', (strategy) => {
  const visitor = (): { url: string; email: string } => ({ url: server.url, email: `${strategy}@example.com` })
  let held: Held

  test('begins with a sign-in, and its credential tells who holds it', async () => {
    held = await begin(visitor(), strategy)
    const { status, body } = await whoAmI(server.url, held.bearer)
    expect(status).toBe(200)
    expect(body).toMatchObject({ account: { email: `${strategy}@example.com` }, session: { id: held.sessionId } })
    expect(held.bearer.startsWith('cfs_')).toBe(strategy === 'stateful')
  })

  test.skipIf(strategy === 'stateful')('is refreshed', async () => {
    const next = heldFrom(await refresh(server.url, held.refreshToken, strategy))
    expect((await whoAmI(server.url, next.bearer)).status).toBe(200)
    // A stateless one lives until its session ends, and nobody could tell that it was replaced.
    if (strategy === 'hybrid') expect(next.refreshToken).not.toBe(held.refreshToken)
    held = { ...next, sessionId: held.sessionId }
  })

  test.skipIf(strategy === 'stateless')('keeps data of its own', async () => {
    const path = `${ROUTES.attributes}/cart`
    const { status } = await send(server.url, path, { method: 'PUT', bearer: held.bearer, json: { items: [1, 2] } })
    expect(status).toBeLessThan(300)
    expect((await send(server.url, path, { bearer: held.bearer })).body).toEqual({ items: [1, 2] })
  })

  test('is in the list of its account', async () => {
    const { body } = await send(server.url, ROUTES.sessions, { bearer: held.bearer })
    expect(body['sessions']).toContainEqual(expect.objectContaining({ id: held.sessionId, current: true }))
  })

  test('ends with a sign-out, for good', async () => {
    const { status } = await send(server.url, ROUTES.currentSession, { method: 'DELETE', bearer: held.bearer })
    expect(status).toBeLessThan(300)
    expect(await whoAmI(server.url, held.bearer)).toMatchObject({ status: 401, body: { code: 'credential_ended' } })
    if (strategy !== 'stateful') {
      const again = await refresh(server.url, held.refreshToken, strategy)
      expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
  })

  test('is ended from another session of the account', async () => {
    const victim = heldFrom(await signIn(visitor(), strategy))
    const other = heldFrom(await signIn(visitor(), 'hybrid'))
    const path = `${ROUTES.sessions}/${victim.sessionId}`
    expect((await send(server.url, path, { method: 'DELETE', bearer: other.bearer })).status).toBeLessThan(300)
    expect((await whoAmI(server.url, victim.bearer)).status).toBe(401)
    expect((await whoAmI(server.url, other.bearer)).status).toBe(200)
  })
})

test('1,000 parallel refreshes of one token give one successor, to the byte', async () => {
  const held = await begin({ url: server.url, email: 'parallel@example.com' }, 'hybrid')
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () => refresh(server.url, held.refreshToken, 'hybrid')),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  const successors = new Set(answers.map(({ body }) => body['refresh_token']))
  expect(successors.size).toBe(1)
  const [successor] = successors
  expect(successor).not.toBe(held.refreshToken)
  expect((await refresh(server.url, String(successor), 'hybrid')).status).toBe(200)
})
