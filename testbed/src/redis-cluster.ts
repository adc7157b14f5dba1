import { findFreePorts } from './free-port.ts'
import { RedisServer, type RedisSettings } from './redis-server.ts'
import { until } from './redis-until.ts'

const SLOTS = 16_384

/** The size of a cluster. */
export interface RedisClusterOptions {
  /** 3 unless given. */
  readonly masters?: number | undefined
  /** 1 unless given. */
  readonly replicasPerMaster?: number | undefined
  /** Lines of every node's `redis.conf`, over the harness's own. */
  readonly settings?: RedisSettings | undefined
}

/** A cluster of real servers. */
export interface RedisClusterServers {
  /** The nodes that began as masters, in the order of their slots; then the replicas. */
  readonly nodes: readonly RedisServer[]
  readonly masters: readonly RedisServer[]
  /** The replicas that began under the master of that place. */
  replicasOf(master: number): readonly RedisServer[]
  /** The nodes that are masters with slots now, whatever they began as. */
  currentMasters(): Promise<RedisServer[]>
  /** Resolves when every node that runs finds all slots served, and every replica that runs is linked. */
  settled(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts a cluster on free ports and resolves when all of its nodes find it whole. A node is taken for dead after a second.
 *
 * @example
 * const cluster = await startRedisCluster()
 * const rootNodes = cluster.nodes.map(({ url }) => ({ url }))
 */
export async function startRedisCluster({
  masters = 3,
  replicasPerMaster = 1,
  settings,
}: RedisClusterOptions = {}): Promise<RedisClusterServers> {
  const count = masters * (1 + replicasPerMaster)
  const ports = await findFreePorts(2 * count)
  const busPorts = ports.slice(count)
  const nodes = ports.slice(0, count).map((port, at) => new RedisServer(port, settingsOf(busPorts[at], settings)))
  const cluster = describe(nodes, masters)
  try {
    await Promise.all(nodes.map((node) => node.start()))
    await form(nodes, busPorts, masters)
    await cluster.settled()
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}

function settingsOf(busPort: number | undefined, settings: RedisSettings | undefined): RedisSettings {
  return {
    'cluster-enabled': 'yes',
    'cluster-port': String(busPort),
    'cluster-node-timeout': '1000',
    'cluster-replica-validity-factor': '0',
    'cluster-allow-replica-migration': 'no',
    ...settings,
  }
}

function describe(nodes: readonly RedisServer[], masters: number): RedisClusterServers {
  return {
    nodes,
    masters: nodes.slice(0, masters),
    replicasOf: (master) => nodes.slice(masters).filter((_, at) => at % masters === master),
    async currentMasters() {
      const running = nodes.filter((node) => node.isRunning)
      const own = await Promise.all(running.map(slotsOf))
      return running.filter((_, at) => own[at] === true)
    },
    async settled() {
      const running = nodes.filter((node) => node.isRunning)
      await until(async () => (await Promise.all(running.map(isSettled))).every(Boolean), 'the cluster is not whole')
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()))
    },
  }
}

async function form(nodes: readonly RedisServer[], busPorts: readonly number[], masters: number): Promise<void> {
  const [first] = nodes
  if (first === undefined) throw new TypeError('a cluster has at least one master')
  for (const [at, node] of nodes.entries()) {
    if (at < masters) {
      const bounds = [at, at + 1].map((place) => Math.round((place * SLOTS) / masters))
      await node.call('CLUSTER', 'ADDSLOTSRANGE', String(bounds[0]), String((bounds[1] ?? SLOTS) - 1))
    }
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1))
    if (at > 0) await first.call('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(busPorts[at]))
  }
  const knowsAll = async (node: RedisServer) =>
    (await clusterInfo(node)).includes(`cluster_known_nodes:${nodes.length}`)
  await until(async () => (await Promise.all(nodes.map(knowsAll))).every(Boolean), 'the nodes have not met')
  const ids = await Promise.all(nodes.slice(0, masters).map((node) => node.call('CLUSTER', 'MYID')))
  for (const [at, node] of nodes.slice(masters).entries()) await replicate(node, String(ids[at % masters]))
}

/** A node refuses to follow one that it has not heard of yet. */
async function replicate(node: RedisServer, masterId: string): Promise<void> {
  const accepted = () =>
    node.call('CLUSTER', 'REPLICATE', masterId).then(
      () => true,
      () => false,
    )
  await until(accepted, 'a replica does not find its master')
}

async function clusterInfo(node: RedisServer): Promise<string> {
  return String(await node.call('CLUSTER', 'INFO'))
}

async function isSettled(node: RedisServer): Promise<boolean> {
  if (!(await clusterInfo(node)).includes('cluster_state:ok')) return false
  return (await node.info('role')) === 'master' || (await node.info('master_link_status')) === 'up'
}

/** Whether the node is a master with slots, by what it says of itself. */
async function slotsOf(node: RedisServer): Promise<boolean> {
  const self = String(await node.call('CLUSTER', 'NODES'))
    .split('\n')
    .find((line) => line.includes('myself'))
  const fields = self?.split(' ') ?? []
  return fields[2]?.includes('master') === true && fields.length > 8
}
