import { StoreUnavailable } from '@counterfoil/core'
import type {
  RedisClient,
  RedisClusterClient,
  RedisClusterNode,
  RedisSentinelClient,
  RedisSingleClient,
} from './client.ts'
import { slotOf } from './slot.ts'

/** A server that takes writes. */
export interface Primary {
  /** For people. */
  readonly name: string
  /** Of what would be a hash tag, one whose keys this server has. */
  readonly tag: string
  /**
   * Names the server and the connection to it at this moment: it changes whenever another server, or this one after a restart,
   * could be answering.
   */
  route(): string
  send(words: string[]): Promise<unknown>
  /** Makes the client find out who has the keys of this server now. */
  locate(): Promise<unknown>
  /** Lets go of the connection and makes another. The driver does so by itself only where it is told that a connection has ended. */
  renew(): void
}

/** What the three kinds of client have in common. */
export interface Link {
  /** The primary that has a key, as far as the client knows. */
  primaryOf(key: string): Primary | undefined
  /** As `route` of the primary that has the key. */
  routeOf(key: string): string
  primaries(): readonly Primary[]
  /** Sends a command to whoever has the key, and follows it when it has moved. */
  send(key: string, words: string[]): Promise<unknown>
  /** Lets go of the client, which stays connected. */
  close(): void
}

/** Makes one thing of a single server, Sentinel and a cluster. @throws {TypeError} when it is none of them. */
export function linkTo(client: RedisClient): Link {
  if ('slots' in client) return linkToCluster(client)
  if ('getMasterNode' in client) return linkToSentinel(client)
  if (typeof client.sendCommand !== 'function') throw new TypeError('client must be a client of @redis/client')
  return linkToSingle(client)
}

/** The store has its own limits; those of the driver take half of the time of a command. */
const UNTIMED = { timeout: 0 }

/** Sends a command now or not at all: none waits in the driver for a connection, however that was set up. */
function sendBy(client: RedisSingleClient, words: string[]): Promise<unknown> {
  if (!client.isReady) return Promise.reject(new StoreUnavailable('Redis is not connected'))
  return client.sendCommand(words, UNTIMED)
}

function linkToSingle(client: RedisSingleClient): Link {
  const send = (words: string[]) => sendBy(client, words)
  const route = () => String(client.socketEpoch)
  const renew = (): void => void renewing(client)
  return { ...linkToOne({ name: 'Redis', route, send, renew }), close: () => undefined }
}

/** Whether it works out shows at the next look. */
async function renewing(client: RedisSingleClient | RedisSentinelClient): Promise<void> {
  try {
    await client.destroy()
    await client.connect()
  } catch {
    // It was closed, or cannot connect: then there is no answer, as before.
  }
}

function linkToSentinel(client: RedisSentinelClient): Link {
  let changes = 0
  const onChange = () => void changes++
  client.on('client-error', onChange)
  client.on('topology-change', onChange)
  const send = (words: string[]) => client.sendCommand(false, words, UNTIMED)
  const route = () => {
    const master = client.getMasterNode()
    return `${master?.host}:${master?.port}/${changes}`
  }
  const close = () => {
    client.off('client-error', onChange)
    client.off('topology-change', onChange)
  }
  const renew = (): void => void renewing(client)
  return { ...linkToOne({ name: 'the master of Redis', route, send, renew }), close }
}

function linkToOne(one: Pick<Primary, 'name' | 'route' | 'send' | 'renew'>): Omit<Link, 'close'> {
  const primary: Primary = { ...one, tag: '0', locate: async () => undefined }
  return {
    primaryOf: () => primary,
    routeOf: () => primary.route(),
    primaries: () => [primary],
    send: (_, words) => primary.send(words),
  }
}

function linkToCluster(client: RedisClusterClient): Link {
  const tags = new Map<string, string>()
  const primaryAt = (node: RedisClusterNode): Primary => ({
    name: node.address,
    tag: tagOf(client, node.address, tags),
    route: () => routeTo(node),
    send: (words) => sendTo(client, node, tagOf(client, node.address, tags), words),
    locate: () => locate(client, tagOf(client, node.address, tags)),
    renew: () => void (node.client && renewing(node.client)),
  })
  const nodeOf = (key: string) => client.slots[slotOf(key)]?.master
  return {
    primaryOf(key) {
      const node = nodeOf(key)
      return node && primaryAt(node)
    },
    routeOf: (key) => routeTo(nodeOf(key)),
    primaries: () => mastersOf(client).map(primaryAt),
    send: (key, words) => sendByKey(client, nodeOf(key)?.client, key, words),
    close: () => undefined,
  }
}

/** The nodes that have slots, each once. */
function mastersOf(client: RedisClusterClient): RedisClusterNode[] {
  const shards = [...new Set(client.slots)].flatMap((shard) => shard ?? [])
  return [...new Map(shards.map(({ master }) => [master.address, master])).values()]
}

function routeTo(node: RedisClusterNode | undefined): string {
  return `${node?.address}/${node?.client?.socketEpoch}`
}

/** The straight way to the server, which takes a fraction of the driver's; the driver's where that one says "elsewhere". */
async function sendByKey(
  cluster: RedisClusterClient,
  direct: RedisSingleClient | undefined,
  key: string,
  words: string[],
): Promise<unknown> {
  if (direct === undefined) return cluster.sendCommand(key, false, words)
  try {
    return await sendBy(direct, words)
  } catch (error) {
    if (error instanceof Error && /^(MOVED|ASK) /.test(error.message)) return cluster.sendCommand(key, false, words)
    throw error
  }
}

async function sendTo(
  cluster: RedisClusterClient,
  node: RedisClusterNode,
  tag: string,
  words: string[],
): Promise<unknown> {
  // A client that was told to save connections makes this one only now.
  if (node.client === undefined) await locate(cluster, tag)
  if (node.client === undefined) throw new StoreUnavailable('Redis is not connected')
  return sendBy(node.client, words)
}

/** Asks for a key by way of the driver, which follows where it is sent and takes note. */
function locate(cluster: RedisClusterClient, tag: string): Promise<unknown> {
  return cluster.sendCommand(`{${tag}}`, false, ['EXISTS', `{${tag}}`])
}

/** The smallest number whose slot is served there. It is kept for as long as that is so. */
function tagOf(cluster: RedisClusterClient, address: string, tags: Map<string, string>): string {
  const isThere = (tag: string) => cluster.slots[slotOf(`{${tag}}`)]?.master.address === address
  const known = tags.get(address)
  if (known !== undefined && isThere(known)) return known
  for (let number = 0; number < 1_000_000; number++) {
    const tag = String(number)
    if (!isThere(tag)) continue
    tags.set(address, tag)
    return tag
  }
  return '0'
}
