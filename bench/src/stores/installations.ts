import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStores, type SessionStore } from '@counterfoil/core'
import { openPostgres, type PostgresStores } from '@counterfoil/store-postgres'
import { openRedisSessions } from '@counterfoil/store-redis'
import { openSqlite } from '@counterfoil/store-sqlite'
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from '@counterfoil/testbed'
import { createClient } from '@redis/client'
import { Client, Pool } from 'pg'
import { readCpuMicros, readTreeCpuMicros } from '../processes.ts'

/** Connections to PostgreSQL, ours and a peer's. */
export const POOL_SIZE = 16

/** Enough that a million sessions are found in memory, as a server of any size has it; all else is as PostgreSQL comes, `fsync` included. */
const SETTINGS = { shared_buffers: "'1GB'" }

/** A store that can be kept busy. */
export interface Installation {
  readonly name: string
  readonly sessions: SessionStore
  /** User and system time of its own processes so far, in microseconds. */
  readonly storeCpuMicros: () => number
  close(): Promise<void>
}

/** The reference in process memory. */
export function openMemory(): Installation {
  return {
    name: 'memory',
    sessions: createMemoryStores().sessions,
    storeCpuMicros: () => 0,
    close: async () => undefined,
  }
}

/** A file of its own, with every commit flushed. */
export async function openSqliteFile(): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-bench-'))
  const { sessions, close } = await openSqlite({ path: join(folder, 'sessions.db') })
  return {
    name: 'SQLite',
    sessions,
    storeCpuMicros: () => 0,
    close: async () => {
      await close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Counts of what PostgreSQL was asked. */
export interface Statements {
  readonly all: number
  readonly aboutSessions: number
}

/** What a check reads when it is not cached: see `findStanding` of core. */
const ABOUT_SESSIONS = /counterfoil_(sessions|accounts|applications)/

/** Sessions in PostgreSQL, and the pool that they go through. */
export interface PostgresInstallation extends Installation {
  readonly stores: PostgresStores
  readonly pool: Pool
  readonly server: PostgresServer
  /** How many statements went through the pool, and how many of them read what a check of a session is about. */
  readonly statements: () => Statements
}

/** A server of this run's own, with what it commits flushed. */
export function startDurablePostgres(): Promise<PostgresServer> {
  return startPostgres({ settings: SETTINGS })
}

/** A database of its own on that server. */
export async function openPostgresDatabase(server: PostgresServer): Promise<PostgresInstallation> {
  const connectionString = server.url(await server.createDatabase())
  const pool = new Pool({ connectionString, max: POOL_SIZE })
  pool.on('error', () => undefined)
  const statements = { all: 0, aboutSessions: 0 }
  const counting = {
    connect: () => pool.connect(),
    query: (statement: Parameters<PostgresCall>[0]) => {
      statements.all++
      if (ABOUT_SESSIONS.test(statement.text)) statements.aboutSessions++
      return pool.query(statement)
    },
  }
  const listener = async (): Promise<Client> => {
    const client = new Client({ connectionString })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  const stores = await openPostgres({ pool: counting, listener })
  return {
    name: 'PostgreSQL',
    sessions: stores.sessions,
    stores,
    pool,
    server,
    statements: () => ({ ...statements }),
    storeCpuMicros: () => readTreeCpuMicros(server.pid),
    close: async () => {
      await stores.close()
      await pool.end()
    },
  }
}

type PostgresCall = Parameters<typeof openPostgres>[0]['pool']['query']

/** Sessions in one Redis, and a client beside it. */
export interface RedisInstallation extends Installation {
  readonly client: ReturnType<typeof connectTo>
  readonly server: RedisServer
}

function connectTo({ url }: RedisServer) {
  return createClient({ url, disableOfflineQueue: true }).on('error', () => undefined)
}

/** A Redis of its own, which writes an append-only file and flushes it each second. */
export async function openRedis(): Promise<RedisInstallation> {
  const server = await startRedis()
  const client = connectTo(server)
  await client.connect()
  const { database } = createMemoryStores()
  const repair = (): Promise<never> => Promise.reject(new Error('Redis has lost writes'))
  const { sessions, close } = await openRedisSessions({ client, database, repair })
  const pid = Number(await server.info('process_id'))
  return {
    name: 'Redis',
    sessions,
    client,
    server,
    storeCpuMicros: () => readCpuMicros(pid),
    close: async () => {
      close()
      client.destroy()
      await server.close()
    },
  }
}
