import { createClient } from '@redis/client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createMemoryStores } from '@counterfoil/core'
import { hasRedis, startRedis, startRedisCluster, type RedisServer, type RedisSettings } from '@counterfoil/testbed'
import { connectSingle, connectToCluster, openFor, optionsFor } from './connect.fixture.ts'
import { openRedisSessions } from './open.ts'
import { RedisOpenError } from './open-error.ts'
import { NOW, sampleSession } from './sample.fixture.ts'
import { judgeSettings } from './safety.ts'

async function start(settings: RedisSettings = {}): Promise<RedisServer> {
  const server = await startRedis({ settings })
  onTestFinished(() => server.close())
  return server
}

async function refusal(settings: RedisSettings): Promise<unknown> {
  return openFor(await connectSingle(await start(settings))).catch((error: unknown) => error)
}

describe.skipIf(!hasRedis())('opening Redis', () => {
  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
    'that evicts by %s is refused, in one line',
    async (policy) => {
      const error = await refusal({ 'maxmemory-policy': policy })
      expect(error).toBeInstanceOf(RedisOpenError)
      expect(error).toMatchObject({ reason: 'evicting' })
      expect(String(error)).toContain(`maxmemory-policy ${policy}`)
      expect(String(error)).not.toContain('\n')
    },
  )

  it('that keeps nothing on disk is refused', async () => {
    expect(await refusal({ appendonly: 'no' })).toMatchObject({ name: 'RedisOpenError', reason: 'not-persistent' })
  })

  it('that keeps snapshots is accepted', async () => {
    const server = await start({ appendonly: 'no', save: '60 1' })
    const { sessions } = await openFor(await connectSingle(server))
    expect(await sessions.start(sampleSession())).toBe('started')
  })

  it('that would lose sessions is accepted by whoever says so, with a warning', async () => {
    const server = await start({ appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' })
    const warnings: string[] = []
    const onWarning = (message: string) => warnings.push(message)
    const { sessions } = await openFor(await connectSingle(server), { unsafelyAcceptLoss: true, onWarning })
    expect(await sessions.start(sampleSession())).toBe('started')
    expect(warnings).toHaveLength(2)
  })

  it('that does not tell its settings is accepted with a warning, which holds no password', async () => {
    const server = await start({ appendonly: 'no', save: '60 1' })
    await server.call('ACL', 'SETUSER', 'app', 'on', '>open-sesame', '~*', '+@all', '-config')
    const url = server.url.replace('redis://', 'redis://app:open-sesame@')
    const warnings: string[] = []
    await openFor(await connectSingle({ url }), { onWarning: (message) => warnings.push(message) })
    expect(warnings).toEqual([expect.stringContaining('CONFIG is not allowed')])
    expect(warnings[0]).not.toContain('sesame')
  })

  it('is refused when one primary of a cluster is unsafe', async () => {
    const cluster = await startRedisCluster({ replicasPerMaster: 0 })
    onTestFinished(() => cluster.close())
    await cluster.masters[2]?.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')
    const connected = await connectToCluster(cluster)
    onTestFinished(async () => connected.close())
    const error = await openFor(connected.client).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'RedisOpenError', reason: 'evicting' })
    expect(String(error)).toContain(`:${cluster.masters[2]?.port}`)
  })

  it('that cannot be asked is refused, without the password in what is printed', async () => {
    const server = await start()
    const client = createClient({ url: server.url, disableOfflineQueue: true }).on('error', () => undefined)
    await client.connect()
    onTestFinished(() => client.destroy())
    await server.kill()
    await expect.poll(() => client.isReady).toBe(false)
    const error = await openRedisSessions(optionsFor(client)).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'RedisOpenError', reason: 'unreachable' })
  })

  it('twice shares the sessions; two prefixes share nothing', async () => {
    const client = await connectSingle(await start())
    const { database } = createMemoryStores()
    const [one, same, other] = [
      await openFor(client, { database }),
      await openFor(client, { database }),
      await openFor(client, { database, prefix: 'other:' }),
    ]
    const session = sampleSession()
    await one.sessions.start(session)
    expect(await same.sessions.find(session.id, NOW)).toEqual(session)
    expect(await other.sessions.find(session.id, NOW)).toBeUndefined()
    expect(await other.sessions.sweep(session.expiresAt, 10)).toBe(0)
    expect(await one.sessions.sweep(session.expiresAt, 10)).toBe(1)
  })

  it.each([{ prefix: 'a{b}' }, { prefix: 'a*' }, { timeoutMs: 0 }, { pollMs: 0.5 }, { replicateStartsMs: -1 }])(
    'with %j is a mistake',
    async (options) => {
      const client = await connectSingle(await start())
      await expect(openRedisSessions(optionsFor(client, options))).rejects.toThrow(TypeError)
    },
  )
})

describe('the settings of a server', () => {
  const safe = { version: '7.0.0', evictionPolicy: 'noeviction', appendOnly: true, snapshots: undefined }

  it('are accepted from version 7 on, which Valkey says it is', () => {
    for (const version of ['7.0.0', '7.2.4', '8.1.0', '10.0.0']) {
      expect(judgeSettings('r', { ...safe, version })).toEqual({ dangers: [], warnings: [] })
    }
  })

  it.each(['6.2.14', '', 'unknown'])('are refused for version "%s"', (version) => {
    expect(judgeSettings('r', { ...safe, version }).dangers).toMatchObject([{ reason: 'too-old' }])
  })
})
