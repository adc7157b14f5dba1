import type { NodeBoard } from '@counterfoil/core'
import { isInUse } from '@counterfoil/store-sqlite'
import { Client } from 'pg'
import { showDatabase, type DatabaseAddress } from '../config/stores.ts'
import { CommandFailure } from '../failure.ts'

/** How often the boards are looked at, in milliseconds. */
const LOOK_EVERY_MS = 1000

const CONNECT_MS = 5000

/** Servers name their connections so. */
const IN_USE = `SELECT 1 FROM pg_stat_activity
  WHERE application_name = 'counterfoil' AND datname = current_database() AND pid <> pg_backend_pid() LIMIT 1`

/** Refuses a database that a server has open. To be called before this process opens it. @throws {CommandFailure} */
export async function requireStopped(address: DatabaseAddress): Promise<void> {
  const isRunning = address.kind === 'sqlite' ? isInUse(address.path) : await isConnected(address.url)
  if (isRunning) throw running(showDatabase(address))
}

function running(place: string): CommandFailure {
  return new CommandFailure(`a server is running on ${place}: stop it first`)
}

async function isConnected(url: string): Promise<boolean> {
  const client = new Client({
    connectionString: url,
    application_name: 'counterfoil migrate',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query(IN_USE)).rows.length > 0
  } catch {
    // Whoever opens it next says why it cannot be reached. Databases that only speak PostgreSQL's language may not know who is connected.
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A board, and whose it is. */
export interface WatchedBoard {
  readonly place: string
  readonly nodes: NodeBoard
  /** How long a node that serves may go without reporting, in milliseconds. */
  readonly silenceMs: number
}

/** A look that is being kept on boards. */
export interface BoardWatch {
  /** Resolves when a node that serves would have shown by now. */
  readonly settled: Promise<void>
  stop(): void
}

/** Watches for nodes that report, and calls `onRunning` when one does. What was reported before counts for nothing: its node may be gone. */
export async function watchBoards(
  boards: readonly WatchedBoard[],
  onRunning: (failure: CommandFailure) => void,
): Promise<BoardWatch> {
  const known = await Promise.all(boards.map(async ({ nodes }) => readSerials(nodes)))
  const silences = boards.filter((_, at) => (known[at]?.size ?? 0) > 0).map(({ silenceMs }) => silenceMs)
  const look = async (): Promise<void> => {
    for (const [at, { nodes, place }] of boards.entries()) {
      const serials = await readSerials(nodes)
      const isServing = [...serials].some(([node, serial]) => known[at]?.get(node) !== serial)
      if (isServing) onRunning(running(place))
    }
  }
  // A store that cannot be read stops the copying anyway.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS)
  const settling = new Promise<void>((resolve) => void setTimeout(resolve, Math.max(0, ...silences)).unref())
  const settled = settling.then(look)
  // A copying that failed waits for it no more, and has closed the stores.
  settled.catch(() => undefined)
  return { settled, stop: () => clearInterval(timer) }
}

async function readSerials(nodes: NodeBoard): Promise<ReadonlyMap<string, number>> {
  return new Map((await nodes.read()).map(({ node, serial }) => [node, serial]))
}
