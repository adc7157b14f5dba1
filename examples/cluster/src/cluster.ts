import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePorts, makeScratchFolder, ServerProcess, startPostgres, startRedisCluster } from '@counterfoil/testbed'
import { startNginx } from './nginx.ts'
import { Node } from './node.ts'
import { describeNodes } from './settings.ts'

const ORDERS = join(import.meta.dirname, '../../orders/dist/main.js')

/** Everything, running. */
export interface Cluster {
  /** Where clients go: nginx. */
  readonly issuer: string
  /** Where the orders API is. */
  readonly orders: string
  readonly nodes: readonly Node[]
  /** The configuration of the nodes: `counterfoil` commands take it too. */
  readonly configuration: string
  close(): Promise<void>
}

/** Starts PostgreSQL, a Redis Cluster, `nodeCount` nodes, nginx before them and the orders API beside them. */
export async function startCluster(nodeCount: number, say: (line: string) => void): Promise<Cluster> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    return { ...(await start(nodeCount, say, closers)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  nodeCount: number,
  say: (line: string) => void,
  closers: (() => Promise<void>)[],
): Promise<Omit<Cluster, 'close'>> {
  const [nginxPort = 0, ordersPort = 0, ...nodePorts] = await findFreePorts(2 + nodeCount)
  const issuer = `http://localhost:${nginxPort}`
  const orders = `http://localhost:${ordersPort}`
  const verifierKey = randomBytes(32).toString('base64url')

  say('PostgreSQL and a Redis Cluster of 3 primaries and 3 replicas …')
  const [postgres, redis] = await Promise.all([startPostgres(), startRedisCluster()])
  closers.push(
    () => postgres.close(),
    () => redis.close(),
  )
  const folder = makeScratchFolder('cluster')
  closers.push(() => Promise.resolve(folder.remove()))

  const configuration = join(folder.path, 'counterfoil.toml')
  const redisPorts = redis.nodes.map(({ port }) => port)
  const surroundings = { issuer, postgres: postgres.url(), redisPorts, orders, verifierKey }
  writeFileSync(configuration, describeNodes(surroundings), { mode: 0o600 })

  say(`${nodeCount} nodes, nginx before them, and the orders API …`)
  const nodes = nodePorts.map((port) => new Node(port, configuration))
  closers.push(() => Promise.all(nodes.map((node) => node.stop())).then(() => undefined))
  await Promise.all(nodes.map((node) => node.start()))
  closers.push(await startNginx(nginxPort, nodePorts))
  const env = { ISSUER: issuer, AUDIENCE: orders, PORT: String(ordersPort), VERIFIER_KEY: verifierKey }
  closers.push(await startOrders(env, orders))
  return { issuer, orders, nodes, configuration }
}

async function startOrders(env: NodeJS.ProcessEnv, url: string): Promise<() => Promise<void>> {
  const api = new ServerProcess({ command: process.execPath, args: [ORDERS], env })
  // It listens when it answers anything: without a credential, that it wants one.
  await api.ready(() =>
    fetch(`${url}/whoami`).then(
      () => true,
      () => false,
    ),
  )
  return () => api.stop()
}
