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
import { makeFaultyDisk, mountSmallDisk, unmount, type FaultyDisk, type Surroundings } from './disks.ts'
import { startFleet, type Fleet, type Stores } from './fleet.ts'

/** Where an installation keeps what it knows. */
export type Profile = 'sqlite' | 'postgres' | 'postgres + redis' | 'postgres + sentinel' | 'postgres + cluster'

/** How an installation is set up. */
export interface SettingOptions {
  /** A second PostgreSQL that follows the first, and from when on a commit counts. */
  readonly standby?: 'asynchronous' | 'synchronous'
  /** What the database's data is on. */
  readonly disk?: 'small' | 'faulty'
}

interface RedisServers {
  readonly redis?: RedisServer
  readonly sentinel?: RedisSentinelServers
  readonly cluster?: RedisClusterServers
}

/** An installation that things happen to: its nodes, its stores, and the wires between them. */
export interface Setting extends Fleet, RedisServers {
  readonly profile: Profile
  /** The way of each node to its database, and to a single Redis. */
  readonly wires: readonly TcpProxy[]
  readonly redisWires: readonly TcpProxy[]
  readonly postgres?: PostgresServer
  readonly standby?: Standby
  /** The way of the standby to what it follows. */
  readonly standbyWire?: TcpProxy
  readonly faultyDisk?: FaultyDisk
  close(): Promise<void>
}

const DATABASE = 'counterfoil'
const NODES = 3

interface Closable {
  close(): Promise<void>
}

/** What has been started, to be closed in reverse. */
class Started {
  readonly #things: Closable[] = []

  keep<Thing extends Closable>(thing: Thing): Thing {
    this.#things.unshift(thing)
    return thing
  }

  async close(): Promise<void> {
    for (const thing of this.#things) await thing.close()
  }
}

/** Starts stores, wires and nodes. */
export async function startSetting(profile: Profile, options: SettingOptions = {}): Promise<Setting> {
  const started = new Started()
  const close = (): Promise<void> => started.close()
  try {
    const disk = diskOf(options, started)
    const parts =
      profile === 'sqlite' ? await startSqlite(disk, started) : await startMany(profile, options, disk, started)
    return { profile, ...parts, ...(disk.faultyDisk && { faultyDisk: disk.faultyDisk }), close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Disk {
  readonly surroundings: Surroundings
  readonly faultyDisk?: FaultyDisk
}

function diskOf({ disk }: SettingOptions, started: Started): Disk {
  if (disk === 'small') return { surroundings: { mount: mountSmallDisk, unmount } }
  if (disk === undefined) return { surroundings: {} }
  const faultyDisk = makeFaultyDisk()
  started.keep({ close: async () => faultyDisk.remove() })
  return { surroundings: { environment: faultyDisk.environment }, faultyDisk }
}

type Parts = Omit<Setting, 'profile' | 'faultyDisk' | 'close'>

async function startSqlite({ surroundings }: Disk, started: Started): Promise<Parts> {
  const stores = { database: () => 'sqlite:counterfoil.db', sessionStore: () => 'database', surroundings }
  return { ...(await startNodes(1, stores, started)), wires: [], redisWires: [] }
}

async function startMany(
  profile: Exclude<Profile, 'sqlite'>,
  { standby: kind, disk }: SettingOptions,
  { surroundings }: Disk,
  started: Started,
): Promise<Parts> {
  const postgres = started.keep(await startPostgres({ ...(disk === 'small' && { settings: SMALL }), surroundings }))
  await postgres.query(`CREATE DATABASE ${DATABASE}`)
  const following = kind && (await followBehind(postgres, kind, started))
  const wires = await openWires(postgres.port, started)
  const servers = await startRedisOf(profile, started)
  const redisWires = servers.redis === undefined ? [] : await openWires(servers.redis.port, started)
  const shared = addressOf(servers)
  const fleet = await startNodes(
    NODES,
    {
      database: (node) => `postgres://counterfoil@127.0.0.1:${wires[node]?.port}/${DATABASE}`,
      sessionStore: (node) => shared ?? `redis://127.0.0.1:${redisWires[node]?.port}`,
    },
    started,
  )
  return { ...fleet, ...servers, ...following, postgres, wires, redisWires }
}

/** A small disk, so that the log of PostgreSQL has to stay small too. */
const SMALL = { max_wal_size: "'64MB'", min_wal_size: "'32MB'", wal_keep_size: "'0'", shared_buffers: "'16MB'" }

async function startNodes(count: number, stores: Stores, started: Started): Promise<Fleet> {
  const fleet = await startFleet(count, stores)
  for (const each of [fleet.front, ...fleet.nodes]) started.keep(each)
  return fleet
}

async function openWires(port: number, started: Started): Promise<TcpProxy[]> {
  const wires = Array.from({ length: NODES }, async () => started.keep(await TcpProxy.open(port)))
  return Promise.all(wires)
}

/** A standby that follows over a wire of its own, which can be slow. */
async function followBehind(
  postgres: PostgresServer,
  kind: 'asynchronous' | 'synchronous',
  started: Started,
): Promise<{ readonly standby: Standby; readonly standbyWire: TcpProxy }> {
  const standby = await startStandby(postgres, { synchronous: kind === 'synchronous' })
  const { server } = standby
  started.keep(server)
  const standbyWire = started.keep(await TcpProxy.open(postgres.port))
  const way = `host=127.0.0.1 port=${standbyWire.port} user=counterfoil application_name=standby`
  server.configure({ primary_conninfo: `'${way}'` })
  await server.query('SELECT pg_reload_conf()')
  const isThere = async (): Promise<boolean> => {
    const [row] = await server.query('SELECT sender_port FROM pg_stat_wal_receiver')
    return row?.['sender_port'] === standbyWire.port
  }
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 50))
  return { standby, standbyWire }
}

async function startRedisOf(profile: Profile, started: Started): Promise<RedisServers> {
  switch (profile) {
    case 'postgres + redis':
      return { redis: started.keep(await startRedis()) }
    case 'postgres + sentinel':
      return { sentinel: started.keep(await startRedisSentinel()) }
    case 'postgres + cluster':
      return { cluster: started.keep(await startRedisCluster()) }
    default:
      return {}
  }
}

/** Where all nodes find the sessions; undefined where each has a way of its own. */
function addressOf({ redis, sentinel, cluster }: RedisServers): string | undefined {
  const list = (servers: readonly RedisServer[]): string => servers.map(({ port }) => `127.0.0.1:${port}`).join(',')
  if (cluster !== undefined) return `redis+cluster://${list(cluster.nodes)}`
  if (sentinel !== undefined) return `redis+sentinel://${list(sentinel.sentinels)}/${sentinel.name}`
  return redis === undefined ? 'database' : undefined
}
