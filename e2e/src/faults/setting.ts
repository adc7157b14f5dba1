import {
  startPostgres,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
  startStandby,
  TcpProxy,
  type PostgresServer,
  type RedisClusterServers,
  type RedisSentinelServers,
  type RedisServer,
  type Standby,
} from '@counterfoil/testbed'
import { startFleet, type FleetNode } from './fleet.ts'

/** Where an installation keeps what it knows. */
export type Profile = 'sqlite' | 'postgres' | 'postgres + redis' | 'postgres + sentinel' | 'postgres + cluster'

/** An installation that things happen to: its nodes, its stores, and the wires between them. */
export interface Setting {
  readonly profile: Profile
  readonly nodes: readonly FleetNode[]
  readonly postgres: PostgresServer | undefined
  readonly standby: Standby | undefined
  readonly redis: RedisServer | undefined
  readonly sentinel: RedisSentinelServers | undefined
  readonly cluster: RedisClusterServers | undefined
  /** The way of each node to its database. */
  readonly wires: readonly TcpProxy[]
  /** Where the database is now: what all wires lead to. */
  close(): Promise<void>
}

/** How an installation is set up. */
export interface SettingOptions {
  readonly nodes?: number
  /** A second PostgreSQL that follows the first, and from when on a commit counts. */
  readonly standby?: 'asynchronous' | 'synchronous'
}

const DATABASE = 'counterfoil'

/** Starts stores, wires and nodes. */
export async function startSetting(profile: Profile, options: SettingOptions = {}): Promise<Setting> {
  const closing: (() => Promise<void>)[] = []
  const keep = <Thing extends { close(): Promise<void> }>(thing: Thing): Thing => {
    closing.unshift(() => thing.close())
    return thing
  }
  const close = async (): Promise<void> => {
    for (const end of closing) await end()
  }
  try {
    if (profile === 'sqlite') {
      const nodes = await startFleet(1, { database: () => 'sqlite:counterfoil.db', sessionStore: () => 'database' })
      for (const node of nodes) keep(node)
      const none = {
        postgres: undefined,
        standby: undefined,
        redis: undefined,
        sentinel: undefined,
        cluster: undefined,
      }
      return { profile, nodes, ...none, wires: [], close }
    }
    const count = options.nodes ?? 3
    const postgres = keep(await startPostgres())
    await postgres.query(`CREATE DATABASE ${DATABASE}`)
    const standby =
      options.standby && (await startStandby(postgres, { synchronous: options.standby === 'synchronous' }))
    if (standby !== undefined) keep(standby.server)
    const wires: TcpProxy[] = []
    for (let node = 0; node < count; node++) wires.push(keep(await TcpProxy.open(postgres.port)))
    const redis = profile === 'postgres + redis' ? keep(await startRedis()) : undefined
    const sentinel = profile === 'postgres + sentinel' ? keep(await startRedisSentinel()) : undefined
    const cluster = profile === 'postgres + cluster' ? keep(await startRedisCluster()) : undefined
    const sessionStore = addressOf({ redis, sentinel, cluster })
    const nodes = await startFleet(count, {
      database: (node) => `postgres://counterfoil@127.0.0.1:${wires[node]?.port}/${DATABASE}`,
      sessionStore: () => sessionStore,
    })
    for (const node of nodes) keep(node)
    return { profile, nodes, postgres, standby, redis, sentinel, cluster, wires, close }
  } catch (error) {
    await close()
    throw error
  }
}

function addressOf({ redis, sentinel, cluster }: Pick<Setting, 'redis' | 'sentinel' | 'cluster'>): string {
  if (redis !== undefined) return redis.url
  if (cluster !== undefined) return `redis+cluster://${cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  if (sentinel !== undefined)
    return `redis+sentinel://${sentinel.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${sentinel.name}`
  return 'database'
}
