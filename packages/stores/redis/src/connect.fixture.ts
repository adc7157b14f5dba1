import { createClient, createCluster, createSentinel } from '@redis/client'
import { onTestFinished } from 'vitest'
import { createMemoryStores } from '@counterfoil/core'
import type { RedisClusterServers, RedisSentinelServers, RedisServer } from '@counterfoil/testbed'
import type { RedisClient, RedisSingleClient } from './client.ts'
import { openRedisSessions, type RedisSessionOptions, type RedisSessions } from './open.ts'

/** A client that tests close. */
export interface Connected {
  readonly client: RedisClient
  close(): void | Promise<void>
}

const SOCKET = { connectTimeout: 500, reconnectStrategy: 20 } as const

/** Failures to connect are what some tests are about: they show in what the verbs do. */
const ignore = (): void => undefined

export async function connectTo(server: Pick<RedisServer, 'url'>): Promise<Connected> {
  const client = createClient({ url: server.url, disableOfflineQueue: true, socket: SOCKET }).on('error', ignore)
  await client.connect()
  return { client, close: () => client.destroy() }
}

/** A client that is closed when the test is over. */
export async function connectSingle(server: Pick<RedisServer, 'url'>): Promise<RedisSingleClient> {
  const client = createClient({ url: server.url, disableOfflineQueue: true, socket: SOCKET }).on('error', ignore)
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

/** What a client says and does of its connection, for a test that comes between with what it sends. */
export function reconnecting(client: RedisSingleClient): Omit<RedisSingleClient, 'sendCommand'> {
  return {
    isReady: true,
    socketEpoch: client.socketEpoch,
    destroy: () => client.destroy(),
    connect: () => client.connect(),
  }
}

export async function connectToCluster({ nodes }: RedisClusterServers): Promise<Connected> {
  const client = createCluster({
    rootNodes: nodes.map(({ url }) => ({ url })),
    defaults: { disableOfflineQueue: true, socket: SOCKET },
    topologyRefreshOnReconnectionAttemptStrategy: 50,
  })
  client.on('error', ignore).on('node-error', ignore)
  await client.connect()
  return { client, close: () => client.destroy() }
}

export async function connectToSentinel({ name, sentinels }: RedisSentinelServers): Promise<Connected> {
  const client = createSentinel({
    name,
    sentinelRootNodes: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    nodeClientOptions: { disableOfflineQueue: true, socket: SOCKET },
    scanInterval: 500,
  }).on('error', ignore)
  await client.connect()
  return { client, close: () => client.destroy() }
}

/** Options of a store that fails a test which meets a repair unawares. */
export function optionsFor(client: RedisClient, more: Partial<RedisSessionOptions> = {}): RedisSessionOptions {
  const repair = () => Promise.reject(new Error('there was nothing to repair'))
  return { client, database: createMemoryStores().database, repair, ...more }
}

/** Opens a store that is closed when the test is over. */
export async function openFor(client: RedisClient, more: Partial<RedisSessionOptions> = {}): Promise<RedisSessions> {
  const opened = await openRedisSessions(optionsFor(client, more))
  onTestFinished(() => opened.close())
  return opened
}
