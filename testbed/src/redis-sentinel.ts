import { findFreePorts } from './free-port.ts'
import { RedisServer, type RedisSettings } from './redis-server.ts'
import { until } from './redis-until.ts'

/** The size of a set-up with Sentinel. */
export interface RedisSentinelOptions {
  /** 2 unless given. */
  readonly replicas?: number | undefined
  /** 3 unless given; more than half of them decide. */
  readonly sentinels?: number | undefined
  /** Lines of every data node's `redis.conf`, over the harness's own. */
  readonly settings?: RedisSettings | undefined
}

/** A master with replicas, and the sentinels that watch them. */
export interface RedisSentinelServers {
  /** The name by which the sentinels know the set. */
  readonly name: string
  /** The data nodes: the one that began as master first. */
  readonly nodes: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** The node that the sentinels hold to be the master now. */
  currentMaster(): Promise<RedisServer>
  /** Resolves when the sentinels agree on a master that runs, and every other node that runs follows it. */
  settled(): Promise<void>
  close(): Promise<void>
}

const NAME = 'counterfoil'

/**
 * Starts a master, its replicas and sentinels on free ports. A master is taken for dead after half a second.
 *
 * @example
 * const { name, sentinels } = await startRedisSentinel()
 * const sentinelRootNodes = sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
 */
export async function startRedisSentinel({
  replicas = 2,
  sentinels = 3,
  settings,
}: RedisSentinelOptions = {}): Promise<RedisSentinelServers> {
  const ports = await findFreePorts(1 + replicas + sentinels)
  const [masterPort = 0] = ports
  const following = { replicaof: `127.0.0.1 ${masterPort}` }
  const nodes = ports
    .slice(0, 1 + replicas)
    .map((port, at) => new RedisServer(port, { ...(at > 0 ? following : {}), ...settings }))
  const watching = settingsOfSentinel(masterPort, Math.floor(sentinels / 2) + 1)
  const guards = ports.slice(1 + replicas).map((port) => new RedisServer(port, watching, ['--sentinel']))
  const servers = describe(nodes, guards)
  try {
    await Promise.all(nodes.map((node) => node.start()))
    await until(async () => (await nodes[0]?.info('connected_slaves')) === String(replicas), 'replicas are missing')
    await Promise.all(guards.map((guard) => guard.start()))
    await until(
      async () => (await Promise.all(guards.map(hasSeen(replicas, sentinels - 1)))).every(Boolean),
      'sentinels miss each other',
    )
    return servers
  } catch (error) {
    await servers.close()
    throw error
  }
}

function settingsOfSentinel(masterPort: number, quorum: number): RedisSettings {
  return {
    bind: '127.0.0.1',
    'sentinel#1': `monitor ${NAME} 127.0.0.1 ${masterPort} ${quorum}`,
    'sentinel#2': `down-after-milliseconds ${NAME} 500`,
    'sentinel#3': `failover-timeout ${NAME} 4000`,
    'sentinel#4': `parallel-syncs ${NAME} 2`,
  }
}

function describe(nodes: readonly RedisServer[], sentinels: readonly RedisServer[]): RedisSentinelServers {
  const masterOf = async (guard: RedisServer): Promise<RedisServer | undefined> => {
    const address = await guard.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)
    return nodes.find(({ port }) => Array.isArray(address) && address[1] === String(port))
  }
  const awake = () => sentinels.filter((guard) => guard.isRunning)
  return {
    name: NAME,
    nodes,
    sentinels,
    async currentMaster() {
      const [guard] = awake()
      const master = guard && (await masterOf(guard))
      if (master === undefined) throw new Error('no sentinel knows a master')
      return master
    },
    async settled() {
      await until(async () => agree(await Promise.all(awake().map(masterOf)), nodes), 'the sentinels do not agree')
    },
    async close() {
      await Promise.all([...sentinels, ...nodes].map((server) => server.close()))
    },
  }
}

async function agree(masters: readonly (RedisServer | undefined)[], nodes: readonly RedisServer[]): Promise<boolean> {
  const [master] = masters
  if (master === undefined || masters.some((other) => other !== master) || !master.isRunning) return false
  if ((await master.info('role')) !== 'master') return false
  const followers = nodes.filter((node) => node.isRunning && node !== master)
  const links = await Promise.all(
    followers.map(async (node) => [await node.info('master_port'), await node.info('master_link_status')]),
  )
  return links.every(([port, status]) => port === String(master.port) && status === 'up')
}

function hasSeen(replicas: number, others: number): (guard: RedisServer) => Promise<boolean> {
  return async (guard) => {
    const reply = await guard.call('SENTINEL', 'MASTER', NAME)
    const fields = Array.isArray(reply) ? reply.map(String) : []
    const of = (name: string) => fields[fields.indexOf(name) + 1]
    return of('num-slaves') === String(replicas) && of('num-other-sentinels') === String(others)
  }
}
