import { createClient, createCluster, createSentinel } from '@redis/client'
import type { RedisAddress } from '../config/redis-url.ts'
import type { Log } from '../terminal/log.ts'

/** How long a connection may take to be made. */
const CONNECT_MS = 5000

/** The longest pause between two attempts to connect again. */
const LONGEST_PAUSE_MS = 1000

type Client = ReturnType<typeof createClient> | ReturnType<typeof createCluster> | ReturnType<typeof createSentinel>

/** A connected client of whatever keeps the sessions. */
export interface RedisConnection {
  readonly client: Client
  close(): void
}

/**
 * Connects to Redis or Valkey. Once connected, the client connects again by itself whenever it has to, and meanwhile refuses commands rather
 * than keeping them.
 */
export async function connectRedis(address: RedisAddress, log: Log): Promise<RedisConnection> {
  const state = { connected: false }
  const client = createFor(address, state)
  // Without a listener, a lost connection would end the process.
  client.on('error', (error: unknown) => {
    if (state.connected) log.logger.debug({ err: error }, 'a connection to Redis was lost, or could not be made')
  })
  try {
    await client.connect()
  } catch (error) {
    if (client.isOpen) client.destroy()
    throw error
  }
  state.connected = true
  return { client, close: () => client.destroy() }
}

function createFor(address: RedisAddress, state: { readonly connected: boolean }): Client {
  const { layout, nodes, user, password, database, primary = '', sentinelUser, sentinelPassword } = address
  const common = commonOptions(address, state)
  const login = { username: user, password }
  const [first = { host: 'localhost', port: 6379 }] = nodes
  switch (layout) {
    case 'single':
      return createClient({ ...common, ...login, database, socket: { ...common.socket, ...first } })
    case 'cluster':
      return createCluster({
        rootNodes: nodes.map((node) => ({ ...common, ...login, socket: { ...common.socket, ...node } })),
        defaults: { ...common, ...login },
      })
    case 'sentinel':
      return createSentinel({
        name: primary,
        sentinelRootNodes: nodes.map(({ host, port }) => ({ host, port })),
        nodeClientOptions: { ...common, ...login, database },
        sentinelClientOptions: { ...common, username: sentinelUser, password: sentinelPassword },
        passthroughClientErrorEvents: true,
        scanInterval: 1000,
      })
  }
}

function commonOptions({ isEncrypted }: RedisAddress, state: { readonly connected: boolean }) {
  const socket = {
    connectTimeout: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelay: 5000,
    // The first connection is a matter of the configuration: whoever starts the server is told.
    reconnectStrategy: (retries: number, cause: Error) =>
      state.connected ? Math.min(LONGEST_PAUSE_MS, 50 * 2 ** Math.min(retries, 10)) + Math.random() * 50 : cause,
    ...(isEncrypted && { tls: true as const }),
  }
  return { name: 'counterfoil', disableOfflineQueue: true, socket }
}
