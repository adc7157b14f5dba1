import { Writable } from 'node:stream'
import { StoreUnavailable } from '@counterfoil/core'
import {
  findFreePorts,
  FORGETFUL,
  hasRedis,
  startPostgres,
  startRedis,
  type PostgresServer,
} from '@counterfoil/testbed'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { readConfiguration } from '../config/configuration.ts'
import type { Log } from '../terminal/log.ts'
import { patiently } from './patience.ts'
import type { OpenDatabase } from './open-database.ts'
import { openStores, type StoreSettings } from './stores.ts'
import { StoreFailure } from './unreachable.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres({ settings: FORGETFUL })
  await postgres.query(`CREATE ROLE guarded LOGIN PASSWORD 'hunter2'`)
  postgres.put('pg_hba.conf', 'host all guarded all scram-sha-256\nhost all all all trust\n')
  await postgres.query('SELECT pg_reload_conf()')
})
afterAll(() => postgres.close())

function read(database: string, sessionStore = 'database', more: Record<string, string> = {}): StoreSettings {
  const stores = { COUNTERFOIL_DATABASE: database, COUNTERFOIL_SESSION_STORE: sessionStore }
  return readConfiguration({ environment: { ...stores, ...more }, directory: '/nowhere' })
}

function createLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const stream = new Writable({
    write(line: Uint8Array, _encoding, done) {
      lines.push(Buffer.from(line).toString('utf8'))
      done()
    },
  })
  return { logger: pino({ level: 'debug' }, stream), flush: () => undefined, lines }
}

async function open(settings: StoreSettings, log: Log = createLog()): Promise<OpenDatabase> {
  const stores = await openStores(settings, log)
  onTestFinished(() => stores.close())
  return stores
}

/** Why the stores could not be opened. */
async function refusalOf(settings: StoreSettings): Promise<StoreFailure> {
  const outcome = await open(settings).catch((error: unknown) => error)
  if (!(outcome instanceof StoreFailure)) throw new Error('was not refused', { cause: outcome })
  expect(outcome.message).not.toMatch(/hunter|\n/)
  return outcome
}

const freshUrl = async (): Promise<string> => postgres.url(await postgres.createDatabase())

describe('PostgreSQL', () => {
  test('holds everything, and what several nodes share', async () => {
    const stores = await open(read(await freshUrl()))
    await stores.database.check()
    expect(await stores.log.head()).toMatchObject({ position: 0 })
    expect(await stores.nodes.read()).toEqual([])
    expect(await stores.familiar.knows('a', 'b', 0)).toBe(false)
    expect(await stores.counters.take({ name: 'x', attempts: 1, windowMs: 1000 }, 'a', 0)).toMatchObject({
      taken: true,
    })
  })

  test.each([
    ['a wrong password', () => `postgres://guarded:hunter3@127.0.0.1:${postgres.port}/postgres`, /user and password/],
    ['no password', () => `postgres://guarded@127.0.0.1:${postgres.port}/postgres`, /user and password/],
    ['a database that is not there', () => postgres.url('none'), /it has no such database: create it first$/],
    ['TLS where there is none', () => `${postgres.url()}?sslmode=require`, /it speaks no TLS/],
    [
      'a user who may make no tables',
      () => `postgres://guarded:hunter2@127.0.0.1:${postgres.port}/postgres`,
      /may not create/,
    ],
  ])('%s is told in one line that names the setting, and does not pass', async (_what, url, says) => {
    const { message, mayPass } = await refusalOf(read(url()))
    expect(message).toMatch(says)
    expect(message).toMatch(/^database: postgres:\/\/\w+(:\*{8})?@127\.0\.0\.1:\d+\/\w+\S* cannot be used: /)
    expect(mayPass).toBe(false)
  })

  test.each([
    [
      'nobody listens',
      async () => `postgres://c:hunter2@127.0.0.1:${(await findFreePorts(1))[0]}/c`,
      /nothing listens there$/,
    ],
    ['there is no such host', async () => 'postgres://c:hunter2@nowhere.invalid/c', /host/],
  ])('where %s, that may pass', async (_what, url, says) => {
    const { message, mayPass } = await refusalOf(read(await url()))
    expect(message).toMatch(says)
    expect(mayPass).toBe(true)
  })

  test('that is started later is waited for, with one warning', async () => {
    const server = await startPostgres({ settings: FORGETFUL })
    onTestFinished(() => server.close())
    await server.stop()
    const log = createLog()
    const opening = patiently(() => open(read(server.url()), log), { log })
    await vi.waitFor(() => expect(log.lines.join('')).toContain('nothing listens there; trying again for 30 s'), 10_000)
    await server.start()
    await (await opening).database.check()
    expect(log.lines.filter((line) => line.includes('trying again'))).toHaveLength(1)
  })

  test('that is not there is not waited for longer than was said', async () => {
    const [port] = await findFreePorts(1)
    const log = createLog()
    const settings = read(`postgres://c:hunter2@127.0.0.1:${port}/c`)
    await expect(patiently(() => open(settings, log), { log, forMs: 1200 })).rejects.toThrow('nothing listens there')
    expect(log.lines.join('')).not.toContain('hunter2')
  })

  test('that goes away and comes back leaves the process running, which finds it again', async () => {
    const server = await startPostgres({ settings: FORGETFUL })
    onTestFinished(() => server.close())
    const stores = await open(read(server.url()))
    const stop = stores.log.watch(() => undefined)
    onTestFinished(stop)
    await server.stop()
    await expect(stores.database.check()).rejects.toThrow(StoreUnavailable)
    await server.start()
    await vi.waitFor(() => stores.database.check(), 10_000)
  })
})

describe.skipIf(!hasRedis())('Redis', () => {
  test('holds the sessions, and the database the rest', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const stores = await open(read(await freshUrl(), redis.url))
    expect(await stores.sessions.sweep(0, 1)).toBe(0)
    expect(await redis.info('connected_clients')).not.toBe('0')
    await stores.database.check()
  })

  test('that evicts is refused with what to do, and taken only by an option that looks unsafe', async () => {
    const redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } })
    onTestFinished(() => redis.close())
    const database = await freshUrl()
    const { message, mayPass } = await refusalOf(read(database, redis.url))
    expect(message).toMatch(
      /maxmemory-policy allkeys-lru.*set it to noeviction.*\(or set unsafely_accept_redis_loss\)$/,
    )
    expect(mayPass).toBe(false)
    const log = createLog()
    await open(read(database, redis.url, { COUNTERFOIL_UNSAFELY_ACCEPT_REDIS_LOSS: 'true' }), log)
    expect(log.lines.join('')).toContain('allkeys-lru')
  })

  test('with another password is told in one line without it', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    await redis.call('CONFIG', 'SET', 'requirepass', 'hunter2')
    const database = await freshUrl()
    for (const login of [':hunter3@', '']) {
      const { message, mayPass } = await refusalOf(read(database, `redis://${login}127.0.0.1:${redis.port}`))
      expect(message).toMatch(/^session_store: redis:\S+ cannot be used: it does not accept this user and password$/)
      expect(mayPass).toBe(false)
    }
    await open(read(database, `redis://:hunter2@127.0.0.1:${redis.port}`))
  })

  test.each(['redis', 'redis+cluster', 'redis+sentinel'])('that is not there may come: %s', async (scheme) => {
    const [port] = await findFreePorts(1)
    const tail = scheme.endsWith('sentinel') ? '/primary' : ''
    const { message, mayPass } = await refusalOf(
      read(await freshUrl(), `${scheme}://:hunter2@127.0.0.1:${port}${tail}`),
    )
    expect(message).toMatch(/cannot be used: nothing listens there$/)
    expect(mayPass).toBe(true)
  })

  test('that is no cluster is told so', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const { message } = await refusalOf(read(await freshUrl(), `redis+cluster://127.0.0.1:${redis.port}`))
    expect(message).toMatch(/it is no cluster: leave "\+cluster" out$/)
  })
})
