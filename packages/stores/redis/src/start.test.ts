import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session, SessionStore } from '@counterfoil/core'
import { hasRedis, startRedis, type RedisServer } from '@counterfoil/testbed'
import { connectSingle, openFor, reconnecting } from './connect.fixture.ts'
import { drawAccountId, NOW, sampleSession, seededRandom, drawBelow } from './sample.fixture.ts'
import { isOfTheWatch, SteppedClient } from './stepper.fixture.ts'

const START_STEPS = 3
const END_STEPS = 2

/** All orders in which the steps of a start and those of an end of all can follow one another. */
function interleavings(): ('start' | 'end')[][] {
  const grow = (starts: number, ends: number): ('start' | 'end')[][] => [
    ...(starts === 0 ? [] : grow(starts - 1, ends).map((rest) => ['start' as const, ...rest])),
    ...(ends === 0 ? [] : grow(starts, ends - 1).map((rest) => ['end' as const, ...rest])),
    ...(starts + ends === 0 ? [[]] : []),
  ]
  return grow(START_STEPS, END_STEPS)
}

async function steppedStore(server: RedisServer): Promise<{ client: SteppedClient; sessions: SessionStore }> {
  const client = new SteppedClient(await connectSingle(server))
  const { sessions } = await openFor(client)
  return { client, sessions }
}

/** Lets go of the next command if there is one; a verb may be through with fewer. */
async function stepIfAny(client: SteppedClient): Promise<void> {
  if (await client.hasNext()) await client.step()
}

async function assertNothingIsLeft(sessions: SessionStore, { id, accountId }: Session): Promise<void> {
  expect(await sessions.find(id, NOW)).toBeUndefined()
  expect(await sessions.list(accountId, NOW)).toEqual([])
  expect(await sessions.endAll(accountId, { below: 9 })).toEqual([])
}

describe.skipIf(!hasRedis())('a start', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  it.each(interleavings().map((order) => [order.join(' '), order] as const))(
    'and an end of all by another node agree on who came first: %s',
    async (_, order) => {
      const [starting, ending] = [await steppedStore(server), await steppedStore(server)]
      // Scripts are known to Redis from here on, so that each is one command.
      await starting.sessions.start(sampleSession())
      const session = sampleSession()
      await ending.sessions.endAll((await startOther(starting.sessions)).accountId, { below: 1 })
      for (const { client } of [starting, ending]) client.arm()
      const started = starting.sessions.start(session)
      const ended = ending.sessions.endAll(session.accountId, { below: 1 })
      for (const who of order) await stepIfAny(who === 'start' ? starting.client : ending.client)
      for (const { client } of [starting, ending]) client.free()
      expect(await started).toBe((await ended).includes(session.id) ? 'started' : 'superseded')
      await assertNothingIsLeft(ending.sessions, session)
    },
  )

  it.each([0, 1, 2])(
    'that breaks off after step %i leaves nothing that is live, and nothing that stays',
    async (steps) => {
      const broken = await steppedStore(server)
      const whole = await openFor(await connectSingle(server))
      await startOther(broken.sessions)
      const session = sampleSession()
      broken.client.arm()
      void broken.sessions.start(session).catch(() => undefined)
      for (let step = 0; step < steps; step++) await broken.client.step()
      expect(await whole.sessions.find(session.id, NOW)).toBeUndefined()
      expect(await whole.sessions.list(session.accountId, NOW)).toEqual([])
      expect(await isShortLived(server, session)).toBe(true)
      await whole.sessions.endAll(session.accountId, { below: 1 })
      await assertNothingIsLeft(whole.sessions, session)
    },
  )

  it('that is enrolled and broken off is taken away by an end of all, and cannot be finished afterwards', async () => {
    const slow = await steppedStore(server)
    const other = await openFor(await connectSingle(server))
    await startOther(slow.sessions)
    const session = sampleSession()
    slow.client.arm()
    const started = slow.sessions.start(session)
    await slow.client.step()
    await slow.client.step()
    expect(await other.sessions.endAll(session.accountId, { below: 1 })).toEqual([])
    expect(await server.call('EXISTS', `cf:s:{${session.id}}`)).toBe(0)
    slow.client.free()
    expect(await started).toBe('superseded')
    await assertNothingIsLeft(other.sessions, session)
  })

  it('whose first answer was lost on the way, and which the driver sent again, is no stranger to itself', async () => {
    const client = await connectSingle(server)
    const twice = {
      ...reconnecting(client),
      async sendCommand(words: string[]): Promise<unknown> {
        if (!isOfTheWatch(words)) await client.sendCommand(words).catch(() => null)
        return client.sendCommand(words)
      },
    }
    const { sessions } = await openFor(twice)
    const session = sampleSession()
    expect(await sessions.start(session)).toBe('started')
    expect(await sessions.find(session.id, NOW)).toEqual(session)
    expect(await sessions.start(session)).toBe('taken')
  })

  it('never leaves a live session outside its account’s list, whatever races on two nodes', async () => {
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const stores = await Promise.all([0, 1].map(async () => (await openFor(await connectSingle(server))).sessions))
    for (let round = 0; round < 30; round++) {
      const accountId = drawAccountId()
      const store = () => stores[drawBelow(random, 2)] ?? expect.fail()
      const all = Array.from({ length: 12 }, () =>
        sampleSession({ accountId, accountGeneration: drawBelow(random, 4) }),
      )
      const acts = all.map((session) => () => store().start(session))
      for (let below = 1; below <= 3; below++) {
        acts.splice(drawBelow(random, acts.length), 0, async () => {
          await store().endAll(accountId, { below })
          return 'taken'
        })
      }
      await Promise.all(acts.map((act) => act()))
      const listed = new Set((await store().list(accountId, NOW)).map(({ id }) => id))
      for (const { id, accountGeneration } of all) {
        const isLive = (await store().find(id, NOW)) !== undefined
        expect({ seed, round, isLive, isListed: isLive }).toEqual({
          seed,
          round,
          isLive: accountGeneration === 3,
          isListed: listed.has(id),
        })
      }
    }
  })
})

/** Whether nothing is left of a session, or nothing that stays for more than a minute. */
async function isShortLived(server: RedisServer, { id }: Session): Promise<boolean> {
  const left = Number(await server.call('PTTL', `cf:s:{${id}}`))
  return left !== -1 && left <= 60_000
}

async function startOther(sessions: SessionStore): Promise<Session> {
  const other = sampleSession()
  expect(await sessions.start(other)).toBe('started')
  return other
}
