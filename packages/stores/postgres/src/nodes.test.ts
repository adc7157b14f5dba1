import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawId, SPENT_PROOF_MARGIN_MS, StoreUnavailable, systemRandom } from '@counterfoil/core'
import type { Session } from '@counterfoil/core'
import { revocationLogCases, sessionStoreCases, type ConnectedStores } from '@counterfoil/core/conformance'
import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'
import {
  findFreePorts,
  makeScratchFolder,
  POSTGRES_UID,
  ServerProcess,
  startPostgres,
  startStandby,
} from '@counterfoil/testbed'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transact } from './asking.ts'
import { migrate } from './migrate.ts'
import { openPostgres } from './open.ts'
import { MIGRATIONS } from './schema.ts'
import { connectTo, makePool, startTestServer, type TestServer } from './server.fixture.ts'

const NOW = Date.UTC(2026, 0, 1)

let test: TestServer

beforeAll(async () => {
  test = await startTestServer()
})

afterAll(() => test.close())

function sampleSession(more: Partial<Session> = {}): Session {
  const use = { at: NOW, address: '192.0.2.1', userAgent: 'test' }
  return {
    id: drawId<SessionId>(systemRandom),
    accountId: drawId<AccountId>(systemRandom),
    applicationId: 'hybrid' as ApplicationId,
    strategy: 'hybrid',
    generation: 0,
    floor: 0,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: NOW,
    started: use,
    seenAt: NOW,
    idleExpiresAt: NOW + 1e9,
    expiresAt: NOW + 1e10,
    ...more,
  }
}

const rotation = { now: NOW, idleExpiresAt: NOW + 1e9, use: { at: NOW } }

/** Two nodes over one database. */
async function twoNodes(): Promise<readonly [ConnectedStores, ConnectedStores]> {
  const url = await test.newDatabase()
  return [await connectTo(url), await connectTo(url)]
}

async function closeAll(nodes: readonly ConnectedStores[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.close()))
}

describe('two nodes over one database', () => {
  it('make its tables once when both start in an empty one', async () => {
    const url = test.server.url(await test.server.createDatabase())
    const nodes = await Promise.all(Array.from({ length: 4 }, () => connectTo(url)))
    const heads = await Promise.all(nodes.map(({ log }) => log.head()))
    expect(new Set(heads.map(({ incarnation }) => incarnation)).size).toBe(1)
    await closeAll(nodes)
  })

  it('rotate a session once from each generation, however many ask at both, in one burst or several', async () => {
    const nodes = await twoNodes()
    const session = sampleSession()
    await nodes[0].sessions.start(session)
    for (let generation = 0; generation < 10; generation++) {
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, at) =>
          (nodes[at % 2] ?? nodes[0]).sessions.advance(session.id, generation, rotation),
        ),
      )
      expect(outcomes.filter((outcome) => outcome !== undefined && 'advanced' in outcome)).toHaveLength(1)
      expect(outcomes.every((outcome) => outcome !== undefined)).toBe(true)
    }
    await closeAll(nodes)
  })

  it('let no session of an older generation survive an ending that races with its start', async () => {
    const nodes = await twoNodes()
    for (let round = 0; round < 15; round++) {
      const accountId = drawId<AccountId>(systemRandom)
      const starts = Array.from({ length: 20 }, (_, at) =>
        (nodes[at % 2] ?? nodes[0]).sessions.start(sampleSession({ accountId })),
      )
      const ended = nodes[round % 2]?.sessions.endAll(accountId, { below: 1 })
      await Promise.all([...starts, ended])
      expect(await nodes[0].sessions.list(accountId, NOW)).toEqual([])
    }
    await closeAll(nodes)
  })

  it('never show a reader of the log a gap, or a record below what it has read', async () => {
    const nodes = await twoNodes()
    const state = { isOver: false }
    const read = async (): Promise<number> => {
      let position = 0
      while (!state.isOver || position < 200) {
        const reading = await nodes[1].log.read(position, 50)
        if (reading === 'compacted') throw new Error('compacted')
        for (const record of reading.records) expect(record.position).toBe(++position)
        expect(reading.head.position).toBeGreaterThanOrEqual(position)
      }
      return position
    }
    const reader = read()
    const append = (at: number): Promise<unknown> => {
      const id = drawId<SessionId>(systemRandom)
      return (nodes[at % 2] ?? nodes[0]).log.append([{ kind: 'session', sessionId: id, at: NOW }])
    }
    await Promise.all(Array.from({ length: 200 }, (_, at) => append(at)))
    state.isOver = true
    expect(await reader).toBe(200)
    await closeAll(nodes)
  })

  it('deadlock in nothing when both write the same sessions in different orders', async () => {
    const nodes = await twoNodes()
    const accountId = drawId<AccountId>(systemRandom)
    const sessions = Array.from({ length: 60 }, () => sampleSession({ accountId }))
    await Promise.all(sessions.map((session) => nodes[0].sessions.start(session)))
    const shuffled = sessions.toReversed()
    await Promise.all([
      ...sessions.map(({ id }) => nodes[0].sessions.advance(id, 0, rotation)),
      ...shuffled.map(({ id }) => nodes[1].sessions.touch(id, NOW + 5, NOW + 1e9)),
      ...shuffled.slice(0, 30).map(({ id }) => nodes[1].sessions.end(id)),
      nodes[0].sessions.endAll(accountId, { below: 1 }),
    ])
    expect(await nodes[1].sessions.list(accountId, NOW)).toEqual([])
    await closeAll(nodes)
  })

  it('RFC 9449 11.1 use a proof up once between them, in one burst or several, whichever clock is behind', async () => {
    const nodes = await twoNodes()
    const ids = Array.from({ length: 8 }, (_, at) => `proof ${at}`)
    const spendAll = (): Promise<boolean[]> =>
      Promise.all(
        Array.from({ length: 160 }, (_, at) => {
          const { spentProofs } = nodes[at % 2] ?? nodes[0]
          return spentProofs.spend(ids[Math.floor(at / 2) % ids.length] ?? '', NOW + 60_000, NOW - (at % 2) * 5000)
        }),
      )
    expect((await spendAll()).filter(Boolean)).toHaveLength(ids.length)
    expect((await spendAll()).filter(Boolean)).toHaveLength(0)
    await closeAll(nodes)
  })

  it('deadlock in nothing when both use the same proofs up in different orders, and remove old ones', async () => {
    const url = await test.newDatabase()
    const nodes = [await connectTo(url), await connectTo(url)] as const
    const pool = makePool(url)
    const stepMs = 60_000 + SPENT_PROOF_MARGIN_MS
    for (let round = 0; round < 10; round++) {
      const now = NOW + round * stepMs
      const ids = Array.from({ length: 200 }, (_, at) => `proof ${round} ${at}`)
      const spendAll = (order: readonly string[], node: ConnectedStores): Promise<boolean[]> =>
        Promise.all(order.map((id) => node.spentProofs.spend(id, now + 60_000, now)))
      const [one, other] = await Promise.all([spendAll(ids, nodes[0]), spendAll(ids.toReversed(), nodes[1])])
      expect([...one, ...other].filter(Boolean)).toHaveLength(ids.length)
    }
    const { rows } = await pool.query<{ left: number }>('SELECT count(*)::int AS left FROM counterfoil_spent_proofs')
    expect(rows[0]?.left).toBeLessThan(600)
    await closeAll(nodes)
    // A statement that met another in a circle is sent again, and nobody but PostgreSQL knows: it tells when the connections have ended.
    const others = 'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
    while ((await pool.query(others)).rows.length > 0) await new Promise(setImmediate)
    const counts = 'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()'
    expect((await pool.query(counts)).rows).toEqual([{ deadlocks: 0 }])
    await pool.end()
  })

  it('hear of each other by a notice, and without a listener by looking', async () => {
    const url = await test.newDatabase()
    for (const more of [{}, { listener: undefined }]) {
      const nodes = [await connectTo(url), await connectTo(url, more)] as const
      const told = new Promise<void>((resolve) => nodes[1].log.watch(resolve))
      await nodes[1].log.head()
      const tellUntilHeard = setInterval(
        () => void nodes[0].log.append([{ kind: 'session', sessionId: drawId(systemRandom), at: NOW }]),
        50,
      )
      await told
      clearInterval(tellUntilHeard)
      await closeAll(nodes)
    }
  })
})

describe('calls that are joined', () => {
  it('fail alone where PostgreSQL cannot take a value, and not those whose calls went with theirs', async () => {
    const [node, other] = await twoNodes()
    const session = sampleSession()
    await node.sessions.start(session)
    const outcomes = await Promise.allSettled([
      node.sessions.find(session.id, NOW),
      node.sessions.find('a\0b' as SessionId, NOW),
      node.sessions.find(session.id, NOW),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { name: 'RefusedValue' } })
    expect(outcomes[2]).toMatchObject({ value: { id: session.id } })
    await closeAll([node, other])
  })

  it('live on when a connection ends that is in the middle of a transaction', async () => {
    const pool = makePool(await test.newDatabase())
    const cut = transact(pool, async (ask) => {
      const [[pid] = []] = await ask('SELECT pg_backend_pid()')
      await pool.query('SELECT pg_terminate_backend($1)', [pid])
      await ask('SELECT pg_sleep(10)')
    })
    await expect(cut).rejects.toBeInstanceOf(StoreUnavailable)
    expect(await transact(pool, (ask) => ask('SELECT 1'))).toEqual([[1]])
    await pool.end()
  })

  it('are turned away beyond a number, and the others are served', async () => {
    const stores = await connectTo(await test.newDatabase(), { maxWaitingWrites: 10 })
    const starts = Array.from({ length: 12 }, () => stores.sessions.start(sampleSession()))
    const outcomes = await Promise.allSettled(starts)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.every(({ reason }) => reason instanceof StoreUnavailable)).toBe(true)
    await stores.close()
  })
})

describe('through a pooler that gives each statement another connection', () => {
  const pooler = '/usr/sbin/pgbouncer'
  const isThere = existsSync(pooler)
  if (!isThere && process.env['CI'] === 'true') throw new Error('pgbouncer is missing: apt-get install pgbouncer')
  if (!isThere) process.stderr.write('SKIPPED: pgbouncer is not installed (Debian: apt-get install pgbouncer)\n')

  it.skipIf(!isThere)('every promise of sessions and of the log holds', { timeout: 120_000 }, async () => {
    const folder = makeScratchFolder('pgbouncer', POSTGRES_UID)
    const [port = 0] = await findFreePorts(1)
    const settings = [
      '[databases]',
      `* = host=127.0.0.1 port=${test.server.port}`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1`,
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'default_pool_size = 3',
      'max_client_conn = 500',
      'ignore_startup_parameters = extra_float_digits',
    ]
    const file = join(folder.path, 'pgbouncer.ini')
    writeFileSync(file, settings.join('\n').replace('* =', '* = user=counterfoil'))
    const bouncer = new ServerProcess({ command: pooler, args: [file], uid: POSTGRES_UID })
    const through = (url: string): string => url.replace(`:${test.server.port}/`, `:${port}/`)
    try {
      await bouncer.ready(async () => {
        const pool = makePool(through(test.server.url()), 1)
        const answer = await pool.query('SELECT 1').then(
          () => true,
          () => false,
        )
        await pool.end()
        return answer
      })
      for (const { run } of [...sessionStoreCases, ...revocationLogCases])
        await run(async () => connectTo(through(await test.newDatabase()), { listener: undefined }))
    } finally {
      await bouncer.stop('SIGKILL')
      folder.remove()
    }
  })
})

describe('a server that fails', () => {
  it(
    'makes calls fail as such, and serves again when it is back, with all that was acknowledged',
    { timeout: 60_000 },
    async () => {
      const server = await startPostgres()
      const stores = await connectTo(server.url(await server.createDatabase()))
      const acknowledged: SessionId[] = []
      const state = { isOver: false }
      const write = async (): Promise<void> => {
        while (!state.isOver) {
          const session = sampleSession()
          const started = await stores.sessions.start(session).catch((error: unknown) => {
            expect(error).toBeInstanceOf(StoreUnavailable)
            return undefined
          })
          if (started === 'started') acknowledged.push(session.id)
          else await new Promise(setImmediate)
        }
      }
      const writers = Array.from({ length: 8 }, write)
      while (acknowledged.length < 200) await new Promise(setImmediate)
      await server.stop('immediate')
      await expect(stores.log.head()).rejects.toThrow(StoreUnavailable)
      await server.start()
      const before = acknowledged.length
      while (acknowledged.length < before + 50) await new Promise(setImmediate)
      state.isOver = true
      await Promise.all(writers)
      const found = await Promise.all(acknowledged.map((id) => stores.sessions.find(id, NOW)))
      expect(found.filter((session) => session === undefined)).toEqual([])
      await stores.close()
      await server.close()
    },
  )

  it('says what keeps a database from being used, and nothing of the password', async () => {
    const port = (await findFreePorts(1))[0] ?? 0
    const cases = [
      [`postgres://counterfoil:very-secret@127.0.0.1:${port}/x`, /cannot be reached \(ECONNREFUSED\)/],
      [test.server.url('missing').replace('counterfoil@', 'counterfoil:very-secret@'), /no database of this name/],
    ] as const
    for (const [url, says] of cases) {
      const pool = makePool(url)
      const refusal = await openPostgres({ pool }).catch((error: unknown) => error)
      expect(String(refusal)).toMatch(says)
      expect(JSON.stringify(refusal) + String(refusal)).not.toContain('very-secret')
      await pool.end()
    }
  })

  it('brings a database of an older schema to the present one, with all that it holds', async () => {
    const pool = makePool(test.server.url(await test.server.createDatabase()))
    await migrate(pool, MIGRATIONS.slice(0, 2))
    await pool.query(`INSERT INTO counterfoil_attempts VALUES ('sign-in pair', 'ada', 3, 60)`)
    const { counters, spentProofs, close } = await openPostgres({ pool })
    const rule = { name: 'sign-in pair', attempts: 3, windowMs: 60 }
    expect(await counters.take(rule, 'ada', 6)).toEqual({ taken: false, retryAfterMs: 54 })
    expect([await spentProofs.spend('proof', 60, 6), await spentProofs.spend('proof', 60, 6)]).toEqual([true, false])
    await close()
    await pool.end()
  })

  it('refuses a database of a newer program as it is', async () => {
    const url = await test.newDatabase()
    const pool = makePool(url)
    await pool.query('UPDATE counterfoil_schema SET steps = 99')
    await expect(openPostgres({ pool })).rejects.toThrow(/newer program/)
    await pool.end()
  })
})

describe('a standby that takes over without the last records', () => {
  it.each(['reads', 'appends'])(
    'begins a new incarnation of the log, also for a node that goes on and first %s',
    { timeout: 60_000 },
    async (first) => {
      const primary = await startPostgres()
      const name = await primary.createDatabase()
      let current = makePool(primary.url(name))
      const pool = {
        query: (statement: { text: string; values: unknown[]; rowMode: 'array' }) => current.query(statement),
        connect: () => current.connect(),
      }
      const record = () => ({ kind: 'session', sessionId: drawId<SessionId>(systemRandom), at: NOW }) as const
      const { log, close } = await openPostgres({ pool })
      await log.append([record()])
      await current.end()
      const standby = await startStandby(primary)
      await standby.server.stop('fast')
      current = makePool(primary.url(name))
      const before = await log.append([record(), record(), record()])
      expect(before.position).toBe(4)
      await primary.kill()
      await standby.server.start()
      await standby.promote()
      await current.end()
      current = makePool(standby.server.url(name))
      const after = first === 'reads' ? await log.head() : await log.append([record()])
      expect(after.position).toBe(first === 'reads' ? 1 : 2)
      expect(after.incarnation).not.toBe(before.incarnation)
      expect(await log.head()).toEqual(after)
      await close()
      await current.end()
      await standby.server.close()
      await primary.close()
    },
  )
})
