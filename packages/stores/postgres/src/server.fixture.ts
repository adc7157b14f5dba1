import { FORGETFUL, startPostgres, type PostgresServer } from '@counterfoil/testbed'
import type { ConnectedStores } from '@counterfoil/core/conformance'
import { Client, Pool } from 'pg'
import { openPostgres, type PostgresOptions } from './open.ts'

/** A server whose data nobody wants back, with a database that has all tables and nothing in them. */
export interface TestServer {
  readonly server: PostgresServer
  /** Makes a database with all tables; its URL. */
  newDatabase(): Promise<string>
  close(): Promise<void>
}

/** Starts a server for the tests of one file. */
export async function startTestServer(): Promise<TestServer> {
  const server = await startPostgres({ settings: { ...FORGETFUL, max_connections: '400' } })
  const template = await server.createDatabase()
  await (await connectTo(server.url(template))).close()
  return {
    server,
    newDatabase: async () => server.url(await server.createDatabase(template)),
    close: () => server.close(),
  }
}

/** A pool as applications make it: without a listener, the end of an idle connection would end the process. */
export function makePool(url: string, max = 8): Pool {
  const pool = new Pool({ connectionString: url, max, connectionTimeoutMillis: 5000, query_timeout: 20_000 })
  pool.on('error', () => undefined)
  return pool
}

/** A connection that hears what is notified. */
export async function connectListener(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Connects to a database as a node does, and closes all of it in the end. */
export async function connectTo(url: string, more: Partial<PostgresOptions> = {}): Promise<ConnectedStores> {
  const pool = makePool(url)
  const stores = await openPostgres({ pool, listener: () => connectListener(url), ...more })
  const close = async (): Promise<void> => {
    await stores.close()
    await pool.end()
  }
  return {
    ...stores,
    close,
    async reopen() {
      await close()
      return connectTo(url, more)
    },
  }
}
