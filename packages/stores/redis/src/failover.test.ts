import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Session } from '@counterfoil/core'
import {
  hasRedis,
  startRedisCluster,
  startRedisSentinel,
  type RedisClusterServers,
  type RedisServer,
} from '@counterfoil/testbed'
import { connectToCluster, connectToSentinel, openFor, type Connected } from './connect.fixture.ts'
import { makeInstallation, untilAnswered } from './durable.fixture.ts'
import { linkTo } from './link.ts'
import type { RedisSessions } from './open.ts'
import { NOW, sampleAdvance, sampleSession } from './sample.fixture.ts'
import { slotOf } from './slot.ts'

const OPTIONS = { pollMs: 300, timeoutMs: 500 }

async function until(isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo, { timeout: 20_000, interval: 20 }).toBe(true)
}

async function open(connected: Connected, installation: ReturnType<typeof makeInstallation>): Promise<RedisSessions> {
  onTestFinished(async () => connected.close())
  const { database, repair } = installation
  return openFor(connected.client, { database, repair, ...OPTIONS })
}

describe.skipIf(!hasRedis())('a connection that is made anew', () => {
  it('behind Sentinel leads to the master, and nothing was lost', async () => {
    const servers = await startRedisSentinel({ replicas: 1 })
    onTestFinished(() => servers.close())
    const connected = await connectToSentinel(servers)
    const { sessions } = await open(connected, makeInstallation())
    const session = sampleSession()
    await sessions.start(session)
    for (const primary of linkTo(connected.client).primaries()) primary.renew()
    expect(await untilAnswered(() => sessions.find(session.id, NOW))).toEqual(session)
  })

  it('in a cluster leads to the same primary, and nothing was lost', async () => {
    const servers = await startRedisCluster()
    onTestFinished(() => servers.close())
    const connected = await connectToCluster(servers)
    const { sessions } = await open(connected, makeInstallation())
    const all = Array.from({ length: 50 }, () => sampleSession())
    for (const session of all) expect(await sessions.start(session)).toBe('started')
    for (const primary of linkTo(connected.client).primaries()) primary.renew()
    expect(await untilAnswered(() => Promise.all(all.map(({ id }) => sessions.find(id, NOW))))).toEqual(all)
  })
})

describe.skipIf(!hasRedis())('behind Sentinel', () => {
  let close = async (): Promise<void> => undefined
  afterEach(() => close())

  async function start() {
    const servers = await startRedisSentinel({ replicas: 2 })
    close = () => servers.close()
    const installation = makeInstallation()
    return { servers, installation, ...(await open(await connectToSentinel(servers), installation)) }
  }

  it('the store answers by itself after a failover, with what was replicated, and repairs before that', async () => {
    const { servers, installation, sessions } = await start()
    const all = Array.from({ length: 50 }, () => sampleSession())
    for (const session of all) expect(await sessions.start(session)).toBe('started')
    const [first] = all
    if (first === undefined) return expect.fail()
    await (await servers.currentMaster()).kill()
    // A start waits for a replica, so that all of them are there.
    const answers = await untilAnswered(() => Promise.all(all.map(({ id }) => sessions.find(id, NOW))))
    expect(answers).toEqual(all)
    expect(installation.losses).toEqual(['the master of Redis restarted, or took over'])
    expect(await sessions.advance(first.id, 0, sampleAdvance())).toHaveProperty('advanced')
  })

  it('a start does not wait for replicas that do not keep up, but once in a while', async () => {
    const { servers, sessions, counts } = await start()
    await until(async () => {
      const before = counts().commands
      await sessions.start(sampleSession())
      // Four commands, when the one that waits is among them.
      return counts().commands - before === 4
    })
    const master = await servers.currentMaster()
    for (const node of servers.nodes) if (node !== master) node.pause()
    const began = performance.now()
    for (let at = 0; at < 20; at++) expect(await sessions.start(sampleSession())).toBe('started')
    expect(performance.now() - began).toBeLessThan(1_000)
    for (const node of servers.nodes) node.resume()
  })

  it('a session whose end the replicas had not seen does not come back with them', async () => {
    const { servers, installation, sessions } = await start()
    const session = sampleSession()
    await sessions.start(session)
    const master = await servers.currentMaster()
    const replicas = servers.nodes.filter((node) => node !== master)
    await until(async () => (await Promise.all(replicas.map((node) => holds(node, session)))).every(Boolean))
    for (const replica of replicas) replica.pause()
    await installation.end(sessions, session.id)
    await master.kill()
    for (const replica of replicas) replica.resume()
    expect(await untilAnswered(() => sessions.find(session.id, NOW))).toBeUndefined()
    // It had come back: the repair has ended it anew.
    expect(installation.losses).toHaveLength(1)
    expect(await installation.audit()).toMatchObject([{ kind: 'store.rollback_detected', detail: { carriedOut: 1 } }])
    expect(await holds(await servers.currentMaster(), session)).toBe(false)
  })
})

async function holds(node: RedisServer, { id }: Session): Promise<boolean> {
  return (await node.call('EXISTS', `cf:s:{${id}}`)) === 1
}

describe.skipIf(!hasRedis())('in a cluster', () => {
  let close = async (): Promise<void> => undefined
  afterEach(() => close())

  async function start() {
    const cluster = await startRedisCluster()
    close = () => cluster.close()
    const installation = makeInstallation()
    return { cluster, installation, ...(await open(await connectToCluster(cluster), installation)) }
  }

  it('a primary that dies takes nobody’s session with it, and the others answer meanwhile', async () => {
    const { cluster, installation, sessions } = await start()
    const all = Array.from({ length: 60 }, () => sampleSession())
    for (const session of all) expect(await sessions.start(session)).toBe('started')
    await cluster.masters[0]?.kill()
    const elsewhere = all.filter(({ id }) => shardOf(id) !== 0)
    expect(elsewhere.length).toBeGreaterThan(0)
    for (const session of elsewhere) expect(await sessions.find(session.id, NOW)).toEqual(session)
    expect(installation.losses).toEqual([])
    for (const session of all) expect(await untilAnswered(() => sessions.find(session.id, NOW))).toEqual(session)
    expect(installation.losses.length).toBeGreaterThan(0)
    expect(await sessions.start(sampleSession())).toBe('started')
  })

  it('a session whose end the promoted replica had not seen does not come back', async () => {
    const { cluster, installation, sessions } = await start()
    const session = drawInShard(0)
    await sessions.start(session)
    const [replica] = cluster.replicasOf(0)
    if (replica === undefined) return expect.fail()
    replica.pause()
    await installation.end(sessions, session.id)
    await cluster.masters[0]?.kill()
    replica.resume()
    expect(await untilAnswered(() => sessions.find(session.id, NOW))).toBeUndefined()
    await until(async () => (await replica.info('role')) === 'master')
    expect(await untilAnswered(() => sessions.find(session.id, NOW))).toBeUndefined()
    expect(installation.losses).toHaveLength(1)
  })
})

describe.skipIf(!hasRedis())('in a cluster that is rearranged', () => {
  let cluster: RedisClusterServers
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.close())

  async function start() {
    const installation = makeInstallation()
    return { installation, ...(await open(await connectToCluster(cluster), installation)) }
  }

  it('slots that move to another primary take their sessions along', async () => {
    const { sessions } = await start()
    const session = drawInShard(0)
    await sessions.start(session)
    await moveSlot(cluster, slotOf(`{${session.id}}`), `cf:s:{${session.id}}`)
    expect(await untilAnswered(() => sessions.find(session.id, NOW))).toEqual(session)
    expect(await untilAnswered(() => sessions.advance(session.id, 0, sampleAdvance()))).toHaveProperty('advanced')
  })

  it('a planned failover is repaired too, which changes nothing', async () => {
    const { installation, sessions } = await start()
    const session = drawInShard(1)
    await sessions.start(session)
    await cluster.replicasOf(1)[0]?.call('CLUSTER', 'FAILOVER')
    await until(async () => (await cluster.replicasOf(1)[0]?.info('role')) === 'master')
    await until(async () => installation.losses.length > 0)
    expect(await untilAnswered(() => sessions.find(session.id, NOW))).toEqual(session)
  })
})

/** Which of three masters has a session: they share the slots evenly, in order. */
function shardOf(id: string): number {
  return Math.floor((slotOf(`{${id}}`) * 3) / 16_384)
}

function drawInShard(shard: number): Session {
  for (;;) {
    const session = sampleSession()
    if (shardOf(session.id) === shard) return session
  }
}

/** Moves a slot with one key from the first master to the second. */
async function moveSlot({ masters }: RedisClusterServers, slot: number, key: string): Promise<void> {
  const [from, to] = masters
  if (from === undefined || to === undefined) return expect.fail()
  const [fromId, toId] = [String(await from.call('CLUSTER', 'MYID')), String(await to.call('CLUSTER', 'MYID'))]
  await to.call('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', fromId)
  await from.call('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', toId)
  await from.call('MIGRATE', '127.0.0.1', String(to.port), key, '0', '1000')
  for (const node of [to, from]) await node.call('CLUSTER', 'SETSLOT', String(slot), 'NODE', toId)
}
