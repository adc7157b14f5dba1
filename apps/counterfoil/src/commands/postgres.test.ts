import { readdirSync } from 'node:fs'
import { FORGETFUL, startPostgres, type PostgresServer } from '@counterfoil/testbed'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeFolder, PASSWORD, run, SECRET, send, serve } from '../command.fixture.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres({ settings: FORGETFUL })
})
afterAll(() => postgres.close())

async function makeSettings(): Promise<Readonly<Record<string, string>>> {
  const COUNTERFOIL_DATABASE = postgres.url(await postgres.createDatabase())
  return { COUNTERFOIL_DATABASE, COUNTERFOIL_SECRET: SECRET, COUNTERFOIL_DRAIN_SECONDS: '0' }
}

const ADD = ['accounts', 'add', 'ada@example.com', '--role', 'support', '--password-stdin']

test('the command line works on a PostgreSQL beside a server that runs, and leaves no folder behind', async () => {
  const settings = await makeSettings()
  const { url } = await serve(makeFolder(), settings)
  const folder = makeFolder()
  expect(await run(ADD, folder, settings, `${PASSWORD}\n`)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^added ada@example\.com as account \S+ to postgres:\/\/counterfoil@127/),
    stderr: '',
  })
  const json = { client_id: 'stateful', email: 'ada@example.com', password: PASSWORD }
  const bearer = String((await send(`${url}/sessions`, { json })).body['session_token'])
  expect((await send(`${url}/sessions/current`, { bearer })).body['account']).toMatchObject({ roles: ['support'] })
  expect(await run(['keys', 'list'], folder, settings)).toMatchObject({ code: 0, stderr: '' })
  expect(await run(['accounts', 'disable', 'ada@example.com'], folder, settings)).toMatchObject({ code: 0, stderr: '' })
  await vi.waitFor(async () => expect((await send(`${url}/sessions/current`, { bearer })).status).toBe(401), 6000)
  expect((await run(['check-config'], folder, settings)).stdout).toContain('database = "postgres://counterfoil@127')
  expect(readdirSync(folder)).toEqual([])
})

test('a secret that is missing, or another one, is told in one line', async () => {
  const settings = await makeSettings()
  const folder = makeFolder()
  const { COUNTERFOIL_SECRET: _secret, ...without } = settings
  for (const command of [['serve'], ['keys', 'list']]) {
    expect(await run(command, folder, without)).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^counterfoil: secret is missing: .* set COUNTERFOIL_SECRET; [^\n]+\n$/),
    })
  }
  expect((await run(['accounts', 'add', 'a@example.com', '--password-stdin'], folder, settings, PASSWORD)).code).toBe(0)
  const other = { ...settings, COUNTERFOIL_SECRET: SECRET.toUpperCase() }
  expect(await run(['keys', 'list'], folder, other)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^counterfoil: secret \(COUNTERFOIL_SECRET\) does not open the keys in postgres:/),
  })
})

test('a database without data is told as such by commands that make none', async () => {
  expect(await run(['keys', 'list'], makeFolder(), await makeSettings())).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^counterfoil: there is no data at postgres:\S+ yet: run counterfoil serve once/),
  })
})
