import { ROUTES, STRATEGIES } from '@counterfoil/protocol'
import { expect, test } from 'vitest'
import { begin, heldFrom, PASSWORD, refresh, send, signIn, whoAmI } from './client.ts'
import { makeFolder, runCommand, startServer, until, type RunningServer, type Surroundings } from './harness.ts'

async function restart(server: RunningServer, surroundings: Surroundings): Promise<RunningServer> {
  expect(await server.stop()).toBe(0)
  const environment = { ...surroundings.environment, COUNTERFOIL_LISTEN: `127.0.0.1:${server.port}` }
  return startServer({ ...surroundings, environment })
}

test('after a restart, accounts, sessions and attributes are as they were acknowledged', async () => {
  using folder = makeFolder()
  let server = await startServer({ folder: folder.path })
  const { url } = server
  const visitor = { url, email: 'ada@example.com' }
  const [stateless, stateful, hybrid] = await Promise.all([
    begin(visitor, 'stateless'),
    begin(visitor, 'stateful'),
    begin(visitor, 'hybrid'),
  ])
  const path = `${ROUTES.attributes}/cart`
  for (const { bearer } of [stateful, hybrid]) {
    expect((await send(url, path, { method: 'PUT', bearer, json: { for: bearer.length } })).status).toBeLessThan(300)
  }

  server = await restart(server, { folder: folder.path })

  for (const { bearer } of [stateless, stateful, hybrid]) expect((await whoAmI(url, bearer)).status).toBe(200)
  for (const { bearer } of [stateful, hybrid]) {
    expect((await send(url, path, { bearer })).body).toEqual({ for: bearer.length })
  }
  expect((await refresh(url, hybrid.refreshToken, 'hybrid')).status).toBe(200)
  expect((await refresh(url, stateless.refreshToken, 'stateless')).status).toBe(200)
  expect((await signIn(visitor, 'hybrid')).status).toBeLessThan(300)
  await server.stop()
})

test('after a restart, what had ended stays ended, whichever the strategy', async () => {
  using folder = makeFolder()
  let server = await startServer({ folder: folder.path })
  const { url } = server
  const ended = await Promise.all(
    STRATEGIES.map((strategy) => begin({ url, email: `one-${strategy}@example.com` }, strategy)),
  )
  for (const { bearer } of ended) {
    expect((await send(url, ROUTES.currentSession, { method: 'DELETE', bearer })).status).toBeLessThan(300)
  }
  const visitor = { url, email: 'all@example.com' }
  const everywhere = await Promise.all(STRATEGIES.map((strategy) => begin(visitor, strategy)))
  const bearer = everywhere[2]?.bearer ?? ''
  expect((await send(url, ROUTES.sessions, { method: 'DELETE', bearer })).status).toBeLessThan(300)

  server = await restart(server, { folder: folder.path })

  for (const [at, held] of [...ended, ...everywhere].entries()) {
    const strategy = STRATEGIES[at % 3] ?? 'hybrid'
    expect((await whoAmI(url, held.bearer)).status).toBe(401)
    if (strategy === 'stateful') continue
    expect(await refresh(url, held.refreshToken, strategy)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  }
  expect(heldFrom(await signIn(visitor, 'stateless')).bearer).not.toBe('')
  await server.stop()
})

test('the command line works on the data of a server that runs', async () => {
  using folder = makeFolder()
  const server = await startServer({ folder: folder.path })
  const surroundings = { folder: folder.path }
  const input = `${PASSWORD}\n`
  const add = ['accounts', 'add', 'ada@example.com', '--name', 'Ada', '--role', 'support', '--role', 'admin']
  expect(await runCommand([...add, '--password-stdin'], { ...surroundings, input })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^added ada@example\.com as account \S+ to .*counterfoil\.db\n$/) as string,
    stderr: '',
  })
  const visitor = { url: server.url, email: 'ada@example.com' }
  const held = await begin(visitor, 'hybrid')
  const { body } = await whoAmI(server.url, held.bearer)
  expect(body['account']).toMatchObject({ name: 'Ada', roles: ['support', 'admin'] })

  expect((await runCommand(['accounts', 'disable', 'ADA@example.com'], surroundings)).code).toBe(0)
  // The server hears of it by the log: within its lease, and mostly at once.
  await until(async () => ((await whoAmI(server.url, held.bearer)).status === 401 ? true : undefined))
  expect(await signIn(visitor, 'hybrid')).toMatchObject({ status: 401, body: { code: 'sign_in_failed' } })

  expect((await runCommand(['accounts', 'enable', 'ada@example.com'], surroundings)).code).toBe(0)
  expect((await whoAmI(server.url, held.bearer)).status).toBe(401)
  expect((await signIn(visitor, 'hybrid')).status).toBeLessThan(300)

  expect(await runCommand([...add, '--password-stdin'], { ...surroundings, input })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'counterfoil: There is an account with this email address already.\n',
  })
  await server.stop()
})
