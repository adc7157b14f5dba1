import { readFile } from 'node:fs/promises'
import { findFreePorts, FORGETFUL, startPostgres, type PostgresServer } from '@counterfoil/testbed'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeFolder, PASSWORD, run, SECRET, send, serve, type Serving } from '../command.fixture.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres({ settings: FORGETFUL })
})
afterAll(() => postgres.close())

const WORKERS = { COUNTERFOIL_WORKERS: '2' }

const databases: readonly (readonly [string, () => Promise<Readonly<Record<string, string>>>])[] = [
  ['SQLite', () => Promise.resolve({})],
  [
    'PostgreSQL',
    async () => ({
      COUNTERFOIL_DATABASE: postgres.url(await postgres.createDatabase()),
      COUNTERFOIL_SECRET: SECRET,
      COUNTERFOIL_DRAIN_SECONDS: '0',
    }),
  ],
]

async function signIn({ url }: Serving, email: string, password = PASSWORD) {
  return send(`${url}/sessions`, { json: { client_id: 'stateful', email, password } })
}

/** The workers that have answered requests of a route. */
function workersOf(serving: Serving, route: string): Set<number | undefined> {
  return new Set(serving.log().flatMap((line) => (line.route === route ? [line.worker] : [])))
}

describe.each(databases)('two workers over %s', (_name, settings) => {
  test('serve one installation: a session begun at one is used, written to and ended at the other', async () => {
    const serving = await serve(makeFolder(), { ...WORKERS, ...(await settings()) })
    const { url } = serving
    expect((await send(`${url}/accounts`, { json: { email: 'ada@example.com', password: PASSWORD } })).status).toBe(201)
    const bearer = String((await signIn(serving, 'ada@example.com')).body['session_token'])
    const statusOfUse = async () => (await send(`${url}/sessions/current`, { bearer })).status
    for (let time = 0; time < 8; time++) expect(await statusOfUse()).toBe(200)
    await vi.waitFor(() => expect(workersOf(serving, '/sessions/current').size).toBe(2))
    const path = `${url}/sessions/current/attributes/cart`
    expect((await send(path, { method: 'PUT', bearer, json: { tea: 1 } })).status).toBe(204)
    for (let time = 0; time < 4; time++) expect((await send(path, { bearer })).body).toEqual({ tea: 1 })
    const ended = await send(`${url}/sessions/current?wait=everywhere`, { method: 'DELETE', bearer })
    expect(ended).toMatchObject({ status: 200 })
    for (let time = 0; time < 4; time++) expect(await statusOfUse()).toBe(401)
    expect(
      await serving.process.stop('SIGTERM').then(() => serving.log().filter(({ msg }) => msg === 'stopped')),
    ).toHaveLength(2)
  })

  test('count the attempts of one another', async () => {
    const attempts = { COUNTERFOIL_POLICY_SIGN_IN_ATTEMPTS_PER_SOURCE: '4' }
    const serving = await serve(makeFolder(), { ...WORKERS, ...attempts, ...(await settings()) })
    await send(`${serving.url}/accounts`, { json: { email: 'ada@example.com', password: PASSWORD } })
    const statuses: number[] = []
    for (let time = 0; time < 6; time++) statuses.push((await signIn(serving, 'ada@example.com', 'wrong')).status)
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429])
    await vi.waitFor(() => expect(workersOf(serving, '/sessions').size).toBe(2))
  })
})

test('a worker that dies is replaced by one with a new number, and sessions go on', async () => {
  const serving = await serve(makeFolder(), WORKERS)
  const { url } = serving
  await send(`${url}/accounts`, { json: { email: 'ada@example.com', password: PASSWORD } })
  const bearer = String((await signIn(serving, 'ada@example.com')).body['session_token'])
  const [victim = 0] = await childrenOf(serving)
  process.kill(victim, 'SIGKILL')
  await vi.waitFor(() => {
    expect(serving.log()).toContainEqual(expect.objectContaining({ level: 50, signal: 'SIGKILL' }))
    expect(serving.log()).toContainEqual(
      expect.objectContaining({ worker: 3, msg: expect.stringContaining('listening') }),
    )
  }, 15_000)
  for (let time = 0; time < 6; time++) expect((await send(`${url}/sessions/current`, { bearer })).status).toBe(200)
  await vi.waitFor(() => expect(workersOf(serving, '/sessions/current')).toContain(3))
})

test('workers are gone when the process that started them is', async () => {
  const serving = await serve(makeFolder(), WORKERS)
  const children = await childrenOf(serving)
  expect(children).toHaveLength(2)
  await serving.process.stop('SIGKILL')
  await vi.waitFor(() => children.forEach((pid) => expect(() => process.kill(pid, 0)).toThrow('ESRCH')), 10_000)
})

test('what keeps the workers from starting is said once, and ends the server', async () => {
  const [port] = await findFreePorts(1)
  const folder = makeFolder()
  const environment = { ...WORKERS, COUNTERFOIL_LISTEN: `192.0.2.1:${port}` }
  expect(await run(['serve'], folder, environment)).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^counterfoil: cannot listen on 192\.0\.2\.1:\d+: [^\n]+\n$/),
  })
})

async function childrenOf({ process: { pid } }: Serving): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.trim().split(' ').map(Number)
}
