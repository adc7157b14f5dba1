import { findFreePorts } from './free-port.ts'
import { PostgresServer, type PostgresSettings, type PostgresSurroundings } from './postgres-server.ts'

/** How to start one server. */
export interface PostgresOptions {
  /** Lines of its `postgresql.conf`. Writes are flushed to disk unless `fsync` says otherwise. */
  readonly settings?: PostgresSettings | undefined
  readonly surroundings?: PostgresSurroundings | undefined
}

/** What a server need not do whose data nobody wants back. */
export const FORGETFUL: PostgresSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Starts one PostgreSQL on a free port, in a folder of its own.
 *
 * @example
 * const postgres = await startPostgres()
 * const url = postgres.url(await postgres.createDatabase())
 * await postgres.close()
 */
export async function startPostgres({ settings, surroundings }: PostgresOptions = {}): Promise<PostgresServer> {
  const [port = 0] = await findFreePorts(1)
  const server = new PostgresServer(port, settings, surroundings)
  try {
    await server.start()
    return server
  } catch (error) {
    await server.close()
    throw error
  }
}

/** How a standby follows. */
export interface StandbyOptions {
  /** Whether the primary confirms a commit only when the standby has it on disk. `false` unless given. */
  readonly synchronous?: boolean | undefined
}

/** A server that follows another one, and can take its place. */
export interface Standby {
  readonly server: PostgresServer
  /** Makes it a primary of its own, with all that it has received. */
  promote(): Promise<void>
}

/** Starts a server that follows `primary`, which is stopped for a moment so that its data can be copied. */
export async function startStandby(
  primary: PostgresServer,
  { synchronous = false }: StandbyOptions = {},
): Promise<Standby> {
  const [port = 0] = await findFreePorts(1)
  const server = new PostgresServer(port)
  await primary.stop('fast')
  server.copyDataOf(primary)
  server.configure({
    primary_conninfo: `'host=127.0.0.1 port=${primary.port} user=counterfoil application_name=standby'`,
    hot_standby: 'on',
    synchronous_standby_names: "''",
  })
  server.put('standby.signal', '')
  if (synchronous) primary.configure({ synchronous_standby_names: "'standby'" })
  await primary.start()
  await server.start()
  return {
    server,
    async promote() {
      await server.query('SELECT pg_promote(true)')
    },
  }
}
