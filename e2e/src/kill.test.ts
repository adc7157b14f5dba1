import { ROUTES } from '@counterfoil/protocol'
import { expect, test } from 'vitest'
import { begin, heldFrom, refresh, send, signIn, signUp, whoAmI, type Held } from './client.ts'
import { makeFolder, QUICK, startServer, type RunningServer } from './harness.ts'

const ROUNDS = 3

/** What the server had acknowledged by the moment of its death. */
interface Acknowledged {
  readonly accounts: string[]
  /** The latest refresh token of each session. */
  readonly refreshTokens: Map<string, string>
  readonly ended: Held[]
  /** The latest number that was written into each session's attributes. */
  readonly written: Map<string, number>
  count: number
}

/** Asks until the server is gone; what failed then was not acknowledged. */
async function untilKilled(step: () => Promise<void>): Promise<void> {
  try {
    for (;;) await step()
  } catch (error) {
    // fetch gives a TypeError when the connection is cut; anything else is a failure of the test.
    if (!(error instanceof TypeError)) throw error
  }
}

function load(url: string, round: number, sessions: readonly Held[], acknowledged: Acknowledged): Promise<void>[] {
  let number = 0
  const signUps = untilKilled(async () => {
    const email = `killed-${round}-${number++}@example.com`
    expect((await signUp({ url, email })).status).toBe(201)
    acknowledged.accounts.push(email)
    acknowledged.count++
  })
  const refreshes = sessions.slice(0, -2).map((held) =>
    untilKilled(async () => {
      const token = acknowledged.refreshTokens.get(held.sessionId)
      const next = heldFrom(await refresh(url, token, 'hybrid'))
      acknowledged.refreshTokens.set(held.sessionId, next.refreshToken ?? '')
      acknowledged.count++
    }),
  )
  const ends = untilKilled(async () => {
    const held = heldFrom(await signIn({ url, email: 'ada@example.com' }, 'stateful'))
    expect((await send(url, ROUTES.currentSession, { method: 'DELETE', bearer: held.bearer })).status).toBeLessThan(300)
    acknowledged.ended.push(held)
    acknowledged.count++
  })
  const writes = sessions.slice(-2).map((held) =>
    untilKilled(async () => {
      const value = (acknowledged.written.get(held.sessionId) ?? 0) + 1
      const path = `${ROUTES.attributes}/count`
      const { status } = await send(url, path, { method: 'PUT', bearer: held.bearer, json: { value } })
      expect(status).toBeLessThan(300)
      acknowledged.written.set(held.sessionId, value)
      acknowledged.count++
    }),
  )
  return [signUps, ends, ...refreshes, ...writes]
}

async function expectKept(url: string, sessions: readonly Held[], acknowledged: Acknowledged): Promise<void> {
  for (const email of acknowledged.accounts) expect((await signIn({ url, email }, 'hybrid')).status).toBeLessThan(300)
  for (const [id, token] of acknowledged.refreshTokens) {
    const next = heldFrom(await refresh(url, token, 'hybrid'))
    acknowledged.refreshTokens.set(id, next.refreshToken ?? '')
  }
  for (const { bearer } of acknowledged.ended) expect((await whoAmI(url, bearer)).status).toBe(401)
  for (const held of sessions) {
    const written = acknowledged.written.get(held.sessionId)
    if (written === undefined) continue
    const { body } = await send(url, `${ROUTES.attributes}/count`, { bearer: held.bearer })
    // One more may have been written and not been acknowledged.
    expect([written, written + 1]).toContain(body['value'])
    acknowledged.written.set(held.sessionId, Number(body['value']))
  }
}

test('a server that is killed under load loses nothing that it acknowledged', { timeout: 120_000 }, async () => {
  using folder = makeFolder()
  let server: RunningServer = await startServer({ folder: folder.path, environment: QUICK })
  const { url, port } = server
  const environment = { ...QUICK, COUNTERFOIL_LISTEN: `127.0.0.1:${port}` }
  const acknowledged: Acknowledged = { accounts: [], refreshTokens: new Map(), ended: [], written: new Map(), count: 0 }
  const sessions: Held[] = []
  while (sessions.length < 8) sessions.push(await begin({ url, email: 'ada@example.com' }, 'hybrid'))
  for (const held of sessions) acknowledged.refreshTokens.set(held.sessionId, held.refreshToken ?? '')

  for (let round = 0; round < ROUNDS; round++) {
    const enough = acknowledged.count + 150 + 70 * round
    const killing = Promise.withResolvers<void>()
    const watch = setInterval(() => {
      if (acknowledged.count < enough) return
      clearInterval(watch)
      server.process.kill('SIGKILL')
      killing.resolve()
    }, 1)
    await Promise.all([killing.promise, ...load(url, round, sessions, acknowledged)])
    expect(await server.stop('SIGKILL')).toBeNull()
    server = await startServer({ folder: folder.path, environment })
    await expectKept(url, sessions, acknowledged)
  }
  expect(acknowledged.accounts.length).toBeGreaterThan(ROUNDS)
  expect(acknowledged.ended.length).toBeGreaterThan(ROUNDS)
  await server.stop()
})
