import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccountId } from '@counterfoil/protocol'
import { drawId, type Session, type SessionStore } from '@counterfoil/core'
import { hasRedis, startRedis, type RedisServer } from '@counterfoil/testbed'
import { connectSingle, openFor } from './connect.fixture.ts'
import { DAY, drawBelow, NOW, sampleAdvance, sampleSession, seededRandom } from './sample.fixture.ts'

const MOST_BYTES = 600

const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0 of a distribution with a name of its own',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
]
const HOUR = 60 * 60 * 1000
const LABELS = ['Chrome on Windows', 'Safari on Mac', 'Firefox on Linux', 'Chrome on Android']
const random = seededRandom(7)

/** As people have them: the rotation came from another address in one of three. */
function realisticSession(accountId: AccountId): Session {
  const kind = drawBelow(random, USER_AGENTS.length)
  const address = () => Array.from({ length: 4 }, () => 1 + drawBelow(random, 254)).join('.')
  const at = NOW - drawBelow(random, DAY)
  const started = { at, address: address(), userAgent: USER_AGENTS[kind] }
  const rotated = { ...started, at: at + DAY, address: drawBelow(random, 3) === 0 ? address() : started.address }
  const generations = { generation: drawBelow(random, 400), accountGeneration: drawBelow(random, 5) }
  const instants = { seenAt: at + DAY, idleExpiresAt: at + 15 * DAY, expiresAt: at + 90 * DAY, authenticatedAt: at }
  return sampleSession({ ...generations, ...instants, accountId, started, rotated, deviceLabel: LABELS[kind] }, random)
}

async function fill(sessions: SessionStore, count: number, perAccount: number): Promise<Session[]> {
  const all: Session[] = []
  while (all.length < count) {
    const accounts = Array.from({ length: 500 }, () => drawId<AccountId>(random))
    const batch = accounts.flatMap((id) => Array.from({ length: perAccount }, () => realisticSession(id)))
    await Promise.all(batch.map((session) => sessions.start(session)))
    all.push(...batch)
  }
  return all
}

describe.skipIf(!hasRedis())('room in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  const usage = async (key: string): Promise<number> =>
    Number(await server.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'))

  it.each([1, 2])(`is at most ${MOST_BYTES} bytes a session, with %i per account`, async (perAccount) => {
    const { sessions } = await openFor(await connectSingle(server), { prefix: `${perAccount}:` })
    const before = Number(await server.info('used_memory'))
    const all = await fill(sessions, 10_000, perAccount)
    const used = (Number(await server.info('used_memory')) - before) / all.length
    let named = 0
    const sample = all.filter((_, at) => at % 50 === 0)
    for (const { id, accountId } of sample) {
      named += (await usage(`${perAccount}:s:{${id}}`)) + (await usage(`${perAccount}:u:{${accountId}}`)) / perAccount
    }
    process.stdout.write(
      `bytes a session: ${Math.round(named / sample.length)} by key, ${Math.round(used)} of the server's memory\n`,
    )
    expect(named / sample.length).toBeLessThanOrEqual(MOST_BYTES)
    expect(used).toBeLessThanOrEqual(MOST_BYTES * 1.1)
  })

  it('is freed by Redis itself a day after the latest expiry it was told of, by nobody’s clock', async () => {
    const { sessions } = await openFor(await connectSingle(server))
    const session = sampleSession()
    await sessions.start(session)
    const left = async (key: string) => Number(await server.call('PTTL', key))
    const key = `cf:s:{${session.id}}`
    expect(Math.abs((await left(key)) - 2 * DAY)).toBeLessThan(10_000)
    await sessions.advance(session.id, 0, { ...sampleAdvance(), idleExpiresAt: NOW + 9 * DAY })
    expect(Math.abs((await left(key)) - 10 * DAY)).toBeLessThan(10_000)
    await sessions.touch(session.id, NOW + DAY, NOW + 12 * DAY)
    expect(Math.abs((await left(key)) - 12 * DAY)).toBeLessThan(10_000)
    await sessions.writeAttributes(session.id, 0, { a: 1 }, NOW)
    expect(Math.abs((await left(`cf:a:{${session.id}}`)) - 31 * DAY)).toBeLessThan(10_000)
    expect(Math.abs((await left(`cf:u:{${session.accountId}}`)) - 31 * DAY)).toBeLessThan(10_000)
  })

  it('that a vanished session took on its account’s list is freed when somebody looks, once it would have expired', async () => {
    const { sessions } = await openFor(await connectSingle(server))
    const session = sampleSession()
    const other = sampleSession({
      accountId: session.accountId,
      expiresAt: NOW + 60 * DAY,
      idleExpiresAt: NOW + 60 * DAY,
    })
    for (const one of [session, other]) await sessions.start(one)
    await server.call('DEL', `cf:s:{${session.id}}`)
    const listed = async () => Number(await server.call('HLEN', `cf:u:{${session.accountId}}`))
    expect(await sessions.list(session.accountId, NOW)).toEqual([other])
    expect(await listed()).toBe(2)
    expect(await sessions.list(session.accountId, session.expiresAt + HOUR)).toEqual([other])
    expect(await listed()).toBe(1)
  })

  it('of a list is not freed too soon by a node whose clock is ahead', async () => {
    const { sessions } = await openFor(await connectSingle(server))
    const session = sampleSession()
    await sessions.start(session)
    expect(await sessions.list(session.accountId, session.expiresAt + DAY)).toEqual([])
    expect(await sessions.list(session.accountId, NOW)).toEqual([session])
    expect(await sessions.endAll(session.accountId, { below: 1 })).toEqual([session.id])
  })

  it('is not needed for a sweep: it goes through all keys, a stretch at a time, and finds each that has expired', async () => {
    const { sessions } = await openFor(await connectSingle(server), { prefix: '1:' })
    expect(await sessions.sweep(NOW, 10)).toBe(0)
    let [removed, rounds] = [0, 0]
    while (removed < 10_000 && rounds++ < 100) {
      const now = await sessions.sweep(NOW + 60 * DAY, 1_500)
      expect(now).toBeLessThanOrEqual(1_500)
      removed += now
    }
    expect(removed).toBe(10_000)
    expect(await sessions.sweep(NOW + 60 * DAY, 1_500)).toBe(0)
    const [, left] = (await server.call('SCAN', '0', 'MATCH', '1:[su]:*', 'COUNT', '1000000')) as [string, string[]]
    expect(left).toEqual([])
  })
})
