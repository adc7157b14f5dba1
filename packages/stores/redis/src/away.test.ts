import { createClient } from '@redis/client'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { StoreUnavailable } from '@counterfoil/core'
import { hasRedis, startRedis, TcpProxy, type RedisServer } from '@counterfoil/testbed'
import { connectSingle, openFor, reconnecting } from './connect.fixture.ts'
import { NOW, sampleAdvance, sampleSession } from './sample.fixture.ts'

const noRepair = async (): Promise<void> => undefined

describe.skipIf(!hasRedis())('a Redis that', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedis()
  })
  afterEach(() => server.close())

  it('hangs makes every verb reject within the timeout, and answers again when it is back', async () => {
    const { sessions } = await openFor(await connectSingle(server), { repair: noRepair, timeoutMs: 200, pollMs: 100 })
    const session = sampleSession()
    await sessions.start(session)
    server.pause()
    const began = performance.now()
    const verbs = [
      () => sessions.find(session.id, NOW),
      () => sessions.advance(session.id, 0, sampleAdvance()),
      () => sessions.touch(session.id, NOW + 1, NOW + 2),
      () => sessions.end(session.id),
      () => sessions.endAll(session.accountId, { below: 1 }),
      () => sessions.list(session.accountId, NOW),
      () => sessions.readAttributes(session.id, NOW),
      () => sessions.sweep(NOW, 10),
      () => sessions.start(sampleSession()),
    ]
    const outcomes = await Promise.allSettled(verbs.map((verb) => verb()))
    expect(performance.now() - began).toBeLessThan(1_000)
    for (const outcome of outcomes) {
      expect(outcome.status).toBe('rejected')
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StoreUnavailable)
    }
    server.resume()
    await vi.waitFor(() => sessions.find(session.id, NOW), { timeout: 5_000 })
  })

  it('is lost without a word by the network is reached over another connection', async () => {
    const wire = await TcpProxy.open(server.port)
    onTestFinished(() => wire.close())
    const client = await connectSingle({ url: `redis://127.0.0.1:${wire.port}` })
    const { sessions } = await openFor(client, { repair: noRepair, timeoutMs: 100, pollMs: 50 })
    const session = sampleSession()
    await sessions.start(session)
    wire.strand()
    await expect(sessions.find(session.id, NOW)).rejects.toThrow(StoreUnavailable)
    const found = await vi.waitFor(() => sessions.find(session.id, NOW), { timeout: 5_000 })
    expect(found).toEqual(session)
  })

  it('is gone makes verbs reject at once, and answers again after a restart, with what it had', async () => {
    const { sessions } = await openFor(await connectSingle(server), { repair: noRepair, pollMs: 50 })
    const session = sampleSession()
    await sessions.start(session)
    await server.stop()
    await expect(sessions.find(session.id, NOW)).rejects.toThrow(StoreUnavailable)
    const began = performance.now()
    for (let at = 0; at < 100; at++) await expect(sessions.find(session.id, NOW)).rejects.toThrow(StoreUnavailable)
    expect(performance.now() - began).toBeLessThan(1_000)
    await server.start()
    const found = await vi.waitFor(() => sessions.find(session.id, NOW), { timeout: 5_000 })
    expect(found).toEqual(session)
  })

  it('is gone keeps no command waiting, also where the driver would', async () => {
    const client = createClient({ url: server.url, socket: { reconnectStrategy: 20 } }).on('error', () => undefined)
    await client.connect()
    onTestFinished(() => client.destroy())
    const { sessions } = await openFor(client, { repair: noRepair, pollMs: 50 })
    const session = sampleSession()
    await sessions.start(session)
    await server.stop()
    await expect.poll(() => client.isReady).toBe(false)
    const began = performance.now()
    await expect(sessions.end(session.id)).rejects.toThrow(StoreUnavailable)
    expect(performance.now() - began).toBeLessThan(500)
    await server.start()
    expect(await vi.waitFor(() => sessions.find(session.id, NOW), { timeout: 5_000 })).toEqual(session)
  })

  it.each([
    ['READONLY', 1],
    ['LOADING', 1],
    ['CLUSTERDOWN', 1],
    ['OOM', 0],
    ['NOPERM', 0],
  ])('says %s is looked at %i times before it is asked again', async (code, looks) => {
    const client = await connectSingle(server)
    const [sent, errors]: [string[], string[]] = [[], []]
    const unsteady = {
      ...reconnecting(client),
      sendCommand(words: string[]): Promise<unknown> {
        sent.push(words[0] ?? '')
        const error = words[0] === 'GET' ? errors.pop() : undefined
        return error === undefined ? client.sendCommand(words) : Promise.reject(new Error(`${error} because`))
      },
    }
    const { sessions } = await openFor(unsteady, { pollMs: 60_000 })
    errors.push(code)
    await expect(sessions.find(sampleSession().id, NOW)).rejects.toThrow(code)
    sent.length = 0
    expect(await sessions.find(sampleSession().id, NOW)).toBeUndefined()
    expect(sent.filter((name) => name === 'INFO')).toHaveLength(looks)
    expect(sent.at(-1)).toBe('GET')
  })

  it('is full refuses what needs room, leaves nothing half-written, and lets sessions end', async () => {
    const { sessions } = await openFor(await connectSingle(server))
    const standing = sampleSession()
    await sessions.start(standing)
    await sessions.writeAttributes(standing.id, 0, { cart: 1 }, NOW)
    await server.call('CONFIG', 'SET', 'maxmemory', '1')
    const late = sampleSession({ accountId: standing.accountId })
    await expect(sessions.start(late)).rejects.toThrow('OOM')
    await expect(sessions.advance(standing.id, 0, sampleAdvance())).rejects.toThrow('OOM')
    await expect(sessions.writeAttributes(standing.id, 1, { cart: 2 }, NOW)).rejects.toThrow(StoreUnavailable)
    expect(await sessions.find(standing.id, NOW)).toEqual(standing)
    expect(await sessions.find(late.id, NOW)).toBeUndefined()
    expect(await sessions.list(standing.accountId, NOW)).toEqual([standing])
    expect(await sessions.readAttributes(standing.id, NOW)).toEqual({ version: 1, attributes: { cart: 1 } })
    expect(await sessions.endAll(standing.accountId, { below: 1 })).toEqual([standing.id])
    await server.call('CONFIG', 'SET', 'maxmemory', '0')
    expect(await sessions.start(late)).toBe('superseded')
    expect(await sessions.start({ ...late, accountGeneration: 1 })).toBe('started')
  })

  it('fills up between the steps of a start lets nothing half-started live', async () => {
    const client = await connectSingle(server)
    let isFull = false
    const filling = {
      ...reconnecting(client),
      async sendCommand(words: string[]): Promise<unknown> {
        const reply = await client.sendCommand(words)
        if (isFull && words[0] === 'SET') await server.call('CONFIG', 'SET', 'maxmemory', '1')
        return reply
      },
    }
    const { sessions } = await openFor(filling)
    const session = sampleSession()
    isFull = true
    await expect(sessions.start(session)).rejects.toThrow('OOM')
    await server.call('CONFIG', 'SET', 'maxmemory', '0')
    expect(await sessions.find(session.id, NOW)).toBeUndefined()
    expect(await sessions.list(session.accountId, NOW)).toEqual([])
    const left = Number(await server.call('PTTL', `cf:s:{${session.id}}`))
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(60_000)
  })

  it('repeats what it was sent in its errors is not quoted', async () => {
    const { sessions } = await openFor(await connectSingle(server), { prefix: 'q:' })
    const session = sampleSession({ deviceLabel: 'secret' })
    await server.call('LPUSH', `q:s:{${session.id}}`, 'secret')
    const failure = await sessions.find(session.id, NOW).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StoreUnavailable)
    expect(String(failure)).toBe('StoreUnavailable: Redis refused a command: WRONGTYPE')
    // It goes on with everything else.
    expect(await sessions.start(sampleSession())).toBe('started')
  })
})
