import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreUnavailable, type Session, type SessionStore } from '@counterfoil/core'
import { hasRedis, startRedis, type RedisServer } from '@counterfoil/testbed'
import { connectSingle, openFor } from './connect.fixture.ts'
import { makeInstallation, untilAnswered, type Installation } from './durable.fixture.ts'
import type { RedisSessionOptions } from './open.ts'
import { NOW, sampleAdvance, sampleSession } from './sample.fixture.ts'

describe.skipIf(!hasRedis())('lost writes', () => {
  let server: RedisServer
  let installation: Installation
  beforeEach(async () => {
    server = await startRedis({ settings: { appendonly: 'no', save: '3600 1' } })
    installation = makeInstallation()
  })
  afterEach(() => server.close())

  async function open(more: Partial<RedisSessionOptions> = {}) {
    const { database, repair } = installation
    return openFor(await connectSingle(server), { database, repair, pollMs: 20, timeoutMs: 500, ...more })
  }

  /** Two sessions, one of which ends after a snapshot was taken; Redis is then gone. */
  async function prepareRollback(sessions: SessionStore): Promise<{ ended: Session; kept: Session }> {
    const [ended, kept] = [sampleSession(), sampleSession()]
    for (const session of [ended, kept]) await sessions.start(session)
    await server.call('SAVE')
    const snapshot = join(server.folder, 'data', 'dump.rdb')
    copyFileSync(snapshot, `${snapshot}.old`)
    await installation.end(sessions, ended.id)
    await sessions.advance(kept.id, 0, sampleAdvance())
    await server.kill()
    copyFileSync(`${snapshot}.old`, snapshot)
    return { ended, kept }
  }

  it('are repaired before the first answer when Redis comes back with an older memory, and audited', async () => {
    const { sessions, counts } = await open()
    const { ended, kept } = await prepareRollback(sessions)
    await server.start()
    // Whoever asks without a pause gets refusals, and then what is true; never the session that had ended.
    expect(await untilAnswered(() => sessions.find(ended.id, NOW))).toBeUndefined()
    expect(installation.losses).toEqual(['Redis restarted, or took over'])
    const detail = { loss: 'Redis restarted, or took over', carriedOut: 1 }
    expect(await installation.audit()).toMatchObject([{ kind: 'store.rollback_detected', detail }])
    expect((await sessions.find(kept.id, NOW))?.generation).toBe(0)
    expect(counts()).toMatchObject({ rollbacks: 1, repairs: 1 })
  })

  it('are repaired at the next start when they happened while no node ran', async () => {
    const before = await open()
    const { ended } = await prepareRollback(before.sessions)
    before.close()
    await server.start()
    const { sessions } = await open()
    expect(installation.losses).toHaveLength(1)
    expect(await sessions.find(ended.id, NOW)).toBeUndefined()
  })

  it('are noticed when Redis comes back with nothing', async () => {
    const { sessions } = await open()
    const session = sampleSession()
    await sessions.start(session)
    await server.kill()
    server.wipe()
    await server.start()
    expect(await untilAnswered(() => sessions.find(session.id, NOW))).toBeUndefined()
    expect(installation.losses).toHaveLength(1)
    expect(await sessions.start(session)).toBe('started')
  })

  it('are noticed within a poll when everything is thrown away while Redis runs', async () => {
    const { counts } = await open()
    await server.call('FLUSHALL')
    await vi.waitFor(() => expect(counts().repairs).toBe(1))
    expect(installation.losses).toEqual(['Redis holds what it held earlier, or nothing'])
  })

  it('are none when nothing was lost: a store that is closed and opened again finds nothing to repair', async () => {
    const before = await open()
    const session = sampleSession()
    await before.sessions.start(session)
    before.close()
    await expect(before.sessions.find(session.id, NOW)).rejects.toThrow(StoreUnavailable)
    const { sessions } = await open()
    expect(await sessions.find(session.id, NOW)).toEqual(session)
    expect(installation.losses).toEqual([])
  })

  it('keep the store closed while the repair runs, and for as long as it fails', async () => {
    let attempts = 0
    let finish = (): void => undefined
    const repair = async (): Promise<void> => {
      if (++attempts < 3) throw new Error('the log is away')
      await new Promise<void>((resolve) => (finish = resolve))
    }
    const warnings: string[] = []
    const { sessions, counts } = await open({ repair, onWarning: (message) => warnings.push(message) })
    const session = sampleSession()
    await sessions.start(session)
    await server.call('FLUSHALL')
    await vi.waitFor(() => expect(attempts).toBe(3), { timeout: 5_000 })
    await expect(sessions.find(session.id, NOW)).rejects.toThrow('is being repaired')
    await expect(sessions.start(sampleSession())).rejects.toThrow(StoreUnavailable)
    expect(warnings).toHaveLength(2)
    expect(counts()).toMatchObject({ rollbacks: 1, repairs: 0 })
    finish()
    expect(await untilAnswered(() => sessions.start(session))).toBe('started')
  })

  it('stay known until they are repaired, also when what showed them has passed', async () => {
    const before = await open()
    before.close()
    await server.call('HINCRBY', 'cf:c:{0}', 'n', '-3')
    let fails = true
    let attempts = 0
    const repair = async (): Promise<void> => {
      attempts++
      if (fails) throw new Error('the log is away')
    }
    const first = await open({ repair })
    await server.call('HINCRBY', 'cf:c:{0}', 'n', '10')
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(2), { timeout: 5_000 })
    await expect(first.sessions.find(sampleSession().id, NOW)).rejects.toThrow(StoreUnavailable)
    first.close()
    const next = await open({ repair })
    await expect(next.sessions.find(sampleSession().id, NOW)).rejects.toThrow(StoreUnavailable)
    fails = false
    expect(await untilAnswered(() => next.sessions.find(sampleSession().id, NOW))).toBeUndefined()
    expect(next.counts()).toMatchObject({ rollbacks: 1, repairs: 1 })
  })

  it('found at the start do not keep a node from starting: it answers once they are repaired', async () => {
    const before = await open()
    before.close()
    await server.call('FLUSHALL')
    let fails = true
    const repair = async (): Promise<void> => {
      if (fails) throw new Error('the log is away')
    }
    const { sessions } = await open({ repair })
    await expect(sessions.find(sampleSession().id, NOW)).rejects.toThrow(StoreUnavailable)
    fails = false
    expect(await untilAnswered(() => sessions.find(sampleSession().id, NOW))).toBeUndefined()
  })

  it('that one node has repaired are not repaired by the next that notices', async () => {
    const quick = await open()
    const slow = await open({ pollMs: 60_000 })
    await server.call('FLUSHALL')
    await vi.waitFor(() => expect(quick.counts().repairs).toBe(1))
    await server.call('CLIENT', 'KILL', 'TYPE', 'normal')
    expect(await untilAnswered(() => slow.sessions.find(sampleSession().id, NOW))).toBeUndefined()
    expect(slow.counts()).toMatchObject({ rollbacks: 1, repairs: 0 })
    expect(installation.losses).toHaveLength(1)
  })
})
