import { setTimeout as sleep } from 'node:timers/promises'
import {
  repairSessions,
  systemClock,
  type Database,
  type RevocationLog,
  type SessionArchive,
  type SessionStore,
} from '@counterfoil/core'
import { openRedisSessions, RedisOpenError } from '@counterfoil/store-redis'
import { createClient, createCluster, createSentinel } from '@redis/client'
import { showRedis, type RedisAddress } from '../config/redis-url.ts'
import type { Log } from '../terminal/log.ts'
import { reasonOf, StoreFailure } from './unreachable.ts'

/** How long a connection may take to be made. */
const CONNECT_MS = 5000

/** The longest pause between two attempts to connect again. */
const LONGEST_PAUSE_MS = 1000

type Client = ReturnType<typeof createClient> | ReturnType<typeof createCluster> | ReturnType<typeof createSentinel>

/** A store of sessions, and how to let go of it. */
export interface OpenSessions {
  readonly sessions: SessionStore
  readonly sessionArchive: SessionArchive
  readonly close: () => Promise<void>
}

/** What keeping sessions in Redis takes. */
export interface RedisParts {
  readonly address: RedisAddress
  readonly unsafelyAcceptLoss: boolean
  readonly database: Database
  /** Of what ended: it is carried out again where Redis has lost writes. */
  readonly revocations: RevocationLog
  readonly log: Log
}

/** Connects to Redis or Valkey, and opens the sessions in it. @throws {StoreFailure} */
export async function openRedis(parts: RedisParts): Promise<OpenSessions> {
  const { address, unsafelyAcceptLoss, database, revocations, log } = parts
  const client = await connect(address, log)
  const repairParts = { database, log: revocations, clock: systemClock }
  try {
    const { close, sessions, sessionArchive } = await openRedisSessions({
      client,
      database,
      unsafelyAcceptLoss,
      onWarning: (message) => log.logger.warn(message),
      repair: async (ungated, loss) => {
        const records = await repairSessions(repairParts, ungated, loss)
        log.logger.warn({ loss, records }, 'Redis has lost writes: what the log says has ended was ended again')
      },
    })
    return {
      sessions,
      sessionArchive,
      close: async () => {
        close()
        await client.destroy()
      },
    }
  } catch (error) {
    await client.destroy()
    if (!(error instanceof RedisOpenError)) throw error
    const wayOut = error.reason === 'unreachable' ? '' : ' (or set unsafely_accept_redis_loss)'
    throw new StoreFailure(`${error.message}${wayOut}`, error.reason === 'unreachable')
  }
}

/**
 * Connects. Once it has, the client connects again by itself whenever it has to, and meanwhile refuses commands rather than keeping them.
 *
 * @throws {StoreFailure}
 */
async function connect(address: RedisAddress, log: Log): Promise<Client> {
  const state: ConnectionState = { isConnected: false, cause: undefined }
  const client = createFor(address, state)
  // Without a listener, a lost connection would end the process.
  client.on('error', (error: unknown) => {
    if (state.isConnected) log.logger.debug({ err: error }, 'a connection to Redis was lost, or could not be made')
    else if (error instanceof Error) state.cause = error
  })
  const late = sleep(CONNECT_MS + 1000, 'late' as const, { ref: false })
  try {
    if ((await Promise.race([client.connect(), late])) === 'late') throw state.cause ?? new Error('timeout')
  } catch (error) {
    if (client.isOpen) await client.destroy()
    const { says, mayPass } = reasonOf(state.cause ?? error)
    throw new StoreFailure(`session_store: ${showRedis(address)} cannot be used: ${says}`, mayPass)
  }
  state.isConnected = true
  return client
}

interface ConnectionState {
  isConnected: boolean
  /** What was in the way last. */
  cause: Error | undefined
}

function createFor(address: RedisAddress, state: ConnectionState): Client {
  const { layout, nodes, user, password, database, primary = '', sentinelUser, sentinelPassword } = address
  const common = commonOptions(address, state)
  const login = loginOf(user, password)
  const [first = { host: 'localhost', port: 6379 }] = nodes
  switch (layout) {
    case 'single':
      return createClient({ ...common, ...login, database, socket: { ...common.socket, ...first } })
    case 'cluster':
      return createCluster({
        rootNodes: nodes.map((node) => ({ ...common, ...login, socket: { ...common.socket, ...node } })),
        defaults: { ...common, ...login },
        topologyRefreshOnReconnectionAttemptStrategy: 250,
      })
    case 'sentinel':
      return createSentinel({
        name: primary,
        sentinelRootNodes: nodes.map(({ host, port }) => ({ host, port })),
        nodeClientOptions: { ...common, ...login, database },
        sentinelClientOptions: { ...common, ...loginOf(sentinelUser, sentinelPassword) },
        scanInterval: 1000,
      })
  }
}

function loginOf(username: string | undefined, password: string | undefined) {
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) }
}

function commonOptions({ isEncrypted }: RedisAddress, state: ConnectionState) {
  const socket = {
    connectTimeout: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelay: 5000,
    // The first connection is a matter of the configuration: whoever starts the server is told.
    reconnectStrategy: (retries: number, cause: Error) =>
      state.isConnected ? Math.min(LONGEST_PAUSE_MS, 50 * 2 ** Math.min(retries, 10)) + Math.random() * 50 : cause,
    ...(isEncrypted && { tls: true as const }),
  }
  return { name: 'counterfoil', disableOfflineQueue: true, socket }
}
