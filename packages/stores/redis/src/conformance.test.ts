import { afterAll, beforeAll, describe, it } from 'vitest'
import { createMemoryStores } from '@counterfoil/core'
import { sessionArchiveCases, sessionStoreCases } from '@counterfoil/core/conformance'
import type { ConnectedStores } from '@counterfoil/core/conformance'
import { hasRedis, startRedis, startRedisCluster, startRedisSentinel } from '@counterfoil/testbed'
import { connectTo, connectToCluster, connectToSentinel, optionsFor, type Connected } from './connect.fixture.ts'
import { openRedisSessions } from './open.ts'

interface Servers {
  connect(): Promise<Connected>
  close(): Promise<void>
}

const KINDS: readonly [string, () => Promise<Servers>][] = [
  [
    'a single Redis',
    async () => {
      const server = await startRedis()
      return { connect: () => connectTo(server), close: () => server.close() }
    },
  ],
  [
    'a cluster',
    async () => {
      const cluster = await startRedisCluster()
      return { connect: () => connectToCluster(cluster), close: () => cluster.close() }
    },
  ],
  [
    'Redis behind Sentinel',
    async () => {
      const sentinel = await startRedisSentinel({ replicas: 1 })
      return { connect: () => connectToSentinel(sentinel), close: () => sentinel.close() }
    },
  ],
]

let prefixes = 0

async function open({ client }: Connected, prefix: string, memory = createMemoryStores()): Promise<ConnectedStores> {
  const { sessions, sessionArchive, close } = await openRedisSessions(
    optionsFor(client, { database: memory.database, prefix }),
  )
  return {
    ...memory,
    sessions,
    sessionArchive,
    close: async () => close(),
    reopen() {
      close()
      return open({ client, close }, prefix, memory)
    },
  }
}

describe.skipIf(!hasRedis()).each(KINDS)('the session store in %s', (_, start) => {
  let servers: Servers
  let connected: Connected
  beforeAll(async () => {
    servers = await start()
    connected = await servers.connect()
  })
  afterAll(async () => {
    await connected.close()
    await servers.close()
  })
  it.each([...sessionStoreCases, ...sessionArchiveCases])('$title', ({ run }) =>
    run(() => open(connected, `case${prefixes++}:`)),
  )
})
