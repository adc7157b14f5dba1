import { FORGETFUL, startPostgres, TcpProxy, type PostgresServer } from '@counterfoil/testbed'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RenewingPool } from './renewing-pool.ts'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({ settings: FORGETFUL })
})

afterAll(() => server.close())

const CONNECTIONS = 5
const ONE = { text: 'SELECT 1', values: [], rowMode: 'array' } as const

it('one silent statement gives up all connections that the network has lost, and the next ones are answered', async () => {
  const { port } = new URL(server.url(await server.createDatabase()))
  const wire = await TcpProxy.open(Number(port))
  const url = new URL(server.url(await server.createDatabase()))
  url.port = String(wire.port)
  let made = 0
  const pool = new RenewingPool(
    () => {
      made++
      const each = new Pool({ connectionString: url.href, max: CONNECTIONS, query_timeout: 500 })
      each.on('error', () => undefined)
      return each
    },
    (error) => error instanceof Error && error.message === 'Query read timeout',
  )
  const ask = () => pool.query({ ...ONE, values: [] })
  const wait = { text: 'SELECT pg_sleep(0.1)', values: [], rowMode: 'array' as const }
  await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.query(wait)))
  wire.strand()
  await expect(ask()).rejects.toThrow('Query read timeout')
  for (let turn = 0; turn < CONNECTIONS; turn++) expect((await ask()).rows).toEqual([[1]])
  expect(made).toBe(2)
  await pool.end()
  await wire.close()
})

it('a statement that fails for another reason leaves the pool as it is', async () => {
  let made = 0
  const url = server.url(await server.createDatabase())
  const make = () => {
    made++
    return new Pool({ connectionString: url, max: 1 })
  }
  const pool = new RenewingPool(make, (error) => error instanceof Error && error.message === 'Query read timeout')
  await expect(pool.query({ ...ONE, values: [], text: 'SELECT 1 / 0' })).rejects.toThrow('division by zero')
  const connection = await pool.connect()
  expect((await connection.query({ ...ONE, values: [] })).rows).toEqual([[1]])
  connection.release()
  expect(made).toBe(1)
  await pool.end()
})
