import assert from 'node:assert/strict'
import type { Session, Use } from '../../sessions/session.ts'
import { holdTo, type ConformanceCase } from './case.ts'
import { assertSame, drawAccountId, NOW, sampleAdvance, sampleSession, startSample } from './sample.ts'

/** Changes everything in a session that somebody may still hold. */
function spoil(session: Session | undefined): void {
  assert.ok(session)
  spoilUse(session.rotated)
  spoilUse(session.started)
  Object.assign(session, { generation: 99, accountId: drawAccountId(), idleExpiresAt: 0, deviceLabel: 'spoilt' })
}

function spoilUse(use: Use): void {
  Object.assign(use, { at: 0, address: 'spoilt', userAgent: 'spoilt' })
}

const copies: readonly ConformanceCase[] = [
  holdTo('changing a session after it was given changes nothing in the store', async ({ sessions }) => {
    const given = await startSample(sessions, { deviceLabel: 'phone' })
    const copy = structuredClone(given)
    spoil(given)
    assertSame(await sessions.find(copy.id, NOW), copy)
    assertSame(await sessions.list(copy.accountId, NOW), [copy])
  }),
  holdTo('changing what find and list answer changes nothing in the store', async ({ sessions }) => {
    const session = await startSample(sessions, { deviceLabel: 'phone' })
    spoil(await sessions.find(session.id, NOW))
    assertSame(await sessions.find(session.id, NOW), session)
    const listed = await sessions.list(session.accountId, NOW)
    spoil(listed[0])
    listed.pop()
    assertSame(await sessions.list(session.accountId, NOW), [session])
  }),
  holdTo('changing what a rotation was given or answered changes nothing in the store', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    const at = sampleAdvance(NOW)
    const won = await sessions.advance(id, 0, at)
    assert.ok(won !== undefined && 'advanced' in won)
    const expected = structuredClone(won.advanced)
    spoilUse(at.use)
    assertSame(await sessions.find(id, NOW), expected)
    spoil(won.advanced)
    assertSame(await sessions.find(id, NOW), expected)
    const lost = await sessions.advance(id, 0, at)
    assert.ok(lost !== undefined && 'standing' in lost)
    spoil(lost.standing)
    assertSame(await sessions.find(id, NOW), expected)
    spoil(await sessions.raise(id, 0, NOW))
    assertSame(await sessions.find(id, NOW), expected)
  }),
  holdTo('losers of one race that change their answers change nobody else’s', async ({ sessions }) => {
    const { id } = await startSample(sessions, { generation: 1 })
    const [one, other] = await Promise.all([0, 0].map((from) => sessions.advance(id, from, sampleAdvance(NOW))))
    assert.ok(one !== undefined && 'standing' in one && other !== undefined && 'standing' in other)
    const before = structuredClone(other.standing)
    spoil(one.standing)
    assertSame(other.standing, before)
  }),
  holdTo('changing attributes after they were given or answered changes nothing in the store', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    const attributes = { cart: { items: [{ count: 1 }] } }
    const copy = structuredClone(attributes)
    await sessions.writeAttributes(id, 0, attributes, NOW)
    attributes.cart.items[0] = { count: 99 }
    const read = await sessions.readAttributes(id, NOW)
    assertSame(read?.attributes, copy)
    assert.ok(read)
    const { cart } = read.attributes as typeof attributes
    cart.items.push({ count: 99 })
    Object.assign(read.attributes, { more: true })
    assertSame((await sessions.readAttributes(id, NOW))?.attributes, copy)
  }),
]

const texts: readonly ConformanceCase[] = [
  holdTo('odd texts come back as they were given', async ({ sessions }) => {
    const odd = [
      '',
      ' ',
      '\0',
      'a\0b',
      "'; DROP TABLE sessions; --",
      '%n {} [] :*',
      'e\u0301 \ud83d\ude00 \u2028',
      '\r\n',
    ]
    for (const text of odd) {
      const use = { at: NOW, address: text, userAgent: text }
      const session = await startSample(sessions, { deviceLabel: text, started: use, rotated: use })
      assertSame(await sessions.find(session.id, NOW), session)
      const at = sampleAdvance(NOW, { use })
      await sessions.advance(session.id, 0, at)
      assertSame((await sessions.find(session.id, NOW))?.rotated, use)
    }
  }),
  holdTo('long texts and large numbers come back as they were given', async ({ sessions }) => {
    const long = 'añ😀'.repeat(2048)
    const use = { at: NOW, address: long, userAgent: long }
    const generations = { generation: 4_294_967_295, floor: 4_294_967_294, accountGeneration: 2 ** 40 }
    const instants = { idleExpiresAt: Date.UTC(9998, 0, 1), expiresAt: 8.64e15 }
    const session = await startSample(sessions, { ...generations, ...instants, deviceLabel: long, started: use })
    assertSame(await sessions.find(session.id, NOW), session)
  }),
  holdTo('what is not given stays away', async ({ sessions }) => {
    const bare = sampleSession({ started: { at: NOW }, rotated: { at: NOW } })
    const blank = { at: NOW, address: undefined, userAgent: undefined }
    const explicit = sampleSession({ started: blank, rotated: blank, deviceLabel: undefined })
    for (const session of [bare, explicit]) {
      assert.equal(await sessions.start(session), 'started')
      const found = await sessions.find(session.id, NOW)
      assertSame(found, session)
      assert.equal(found?.deviceLabel, undefined)
      assert.equal(found?.started.address, undefined)
      assert.equal(found?.rotated.userAgent, undefined)
    }
  }),
]

const KEY = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

const keys: readonly ConformanceCase[] = [
  holdTo('the key that a session is bound to comes back, with a label and without', async ({ sessions }) => {
    for (const deviceLabel of ['phone', undefined]) {
      const session = await startSample(sessions, { keyThumbprint: KEY, deviceLabel })
      assertSame(await sessions.find(session.id, NOW), session)
      assertSame(await sessions.list(session.accountId, NOW), [session])
      assertSame(await sessions.end(session.id), session)
    }
    const unbound = await startSample(sessions)
    assert.equal((await sessions.find(unbound.id, NOW))?.keyThumbprint, undefined)
  }),
  holdTo('no move of a session takes its key away, nor gives one', async ({ sessions }) => {
    for (const keyThumbprint of [KEY, undefined]) {
      const { id } = await startSample(sessions, { keyThumbprint })
      await sessions.advance(id, 0, sampleAdvance(NOW))
      await sessions.advance(id, 1, sampleAdvance(NOW, { strategy: 'stateful' }))
      await sessions.advance(id, 2, sampleAdvance(NOW, { reauthenticated: { accountGeneration: 3 } }))
      await sessions.touch(id, NOW + 1, NOW + 2)
      await sessions.raise(id, 9, NOW)
      const standing = await sessions.find(id, NOW)
      assertSame([standing?.generation, standing?.keyThumbprint], [9, keyThumbprint])
    }
  }),
]

/** What goes in comes out, and nobody shares it. */
export const sessionValueCases: readonly ConformanceCase[] = [...copies, ...texts, ...keys]
