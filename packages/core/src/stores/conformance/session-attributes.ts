import assert from 'node:assert/strict'
import type { Attributes } from '../session-store.ts'
import { holdTo, type ConformanceCase } from './case.ts'
import { assertSame, DAY, HOUR, NOW, race, RACERS, sampleAdvance, startSample } from './sample.ts'

const versions: readonly ConformanceCase[] = [
  holdTo('a session begins with no attributes, at version 0', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    assertSame(await sessions.readAttributes(id, NOW), { version: 0, attributes: {} })
  }),
  holdTo('a write replaces all attributes and answers the next version', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    assertSame(await sessions.writeAttributes(id, 0, { cart: [1, 2], seen: true }, NOW), { version: 1 })
    assertSame(await sessions.readAttributes(id, NOW), { version: 1, attributes: { cart: [1, 2], seen: true } })
    assertSame(await sessions.writeAttributes(id, 1, { theme: 'dark' }, NOW), { version: 2 })
    assertSame(await sessions.readAttributes(id, NOW), { version: 2, attributes: { theme: 'dark' } })
    assertSame(await sessions.writeAttributes(id, 2, {}, NOW), { version: 3 })
    assertSame(await sessions.readAttributes(id, NOW), { version: 3, attributes: {} })
  }),
  holdTo(
    'a write with another version than the present one is a conflict and changes nothing',
    async ({ sessions }) => {
      const { id } = await startSample(sessions)
      assert.equal(await sessions.writeAttributes(id, 1, { a: 0 }, NOW), 'conflict')
      await sessions.writeAttributes(id, 0, { a: 1 }, NOW)
      await sessions.writeAttributes(id, 1, { a: 2 }, NOW)
      for (const version of [0, 1, 3]) {
        assert.equal(await sessions.writeAttributes(id, version, { a: 3 }, NOW), 'conflict')
      }
      assertSame(await sessions.readAttributes(id, NOW), { version: 2, attributes: { a: 2 } })
    },
  ),
  holdTo('of writes that race from one version exactly one is made', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    for (let version = 0; version < 5; version++) {
      const outcomes = await race(RACERS, (racer) => sessions.writeAttributes(id, version, { racer }, NOW))
      assert.equal(outcomes.filter((outcome) => outcome === 'conflict').length, RACERS - 1)
      const racer = outcomes.findIndex((outcome) => outcome !== 'conflict')
      assertSame(outcomes[racer], { version: version + 1 })
      assertSame(await sessions.readAttributes(id, NOW), { version: version + 1, attributes: { racer } })
    }
  }),
  holdTo('sessions have attributes of their own', async ({ sessions }) => {
    const [one, other] = [await startSample(sessions), await startSample(sessions)]
    await sessions.writeAttributes(one.id, 0, { of: 'one' }, NOW)
    assertSame(await sessions.readAttributes(other.id, NOW), { version: 0, attributes: {} })
  }),
]

const lifetimes: readonly ConformanceCase[] = [
  holdTo('rotation, raise and use leave the attributes alone', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    await sessions.writeAttributes(id, 0, { cart: 1 }, NOW)
    await sessions.advance(id, 0, sampleAdvance(NOW))
    await sessions.advance(id, 1, sampleAdvance(NOW, { reauthenticated: { accountGeneration: 1 } }))
    await sessions.raise(id, 9, NOW)
    await sessions.touch(id, NOW + HOUR, NOW + 2 * DAY)
    assertSame(await sessions.readAttributes(id, NOW), { version: 1, attributes: { cart: 1 } })
  }),
  holdTo('a write of attributes leaves the session alone', async ({ sessions }) => {
    const session = await startSample(sessions)
    await sessions.writeAttributes(session.id, 0, { cart: 1 }, NOW + HOUR)
    assertSame(await sessions.find(session.id, NOW + HOUR), session)
  }),
  holdTo('a session that has ended or expired has no attributes, and takes none', async ({ sessions }) => {
    const session = await startSample(sessions)
    await sessions.writeAttributes(session.id, 0, { cart: 1 }, NOW)
    assert.equal(await sessions.readAttributes(session.id, NOW + DAY), undefined)
    assert.equal(await sessions.writeAttributes(session.id, 1, { cart: 2 }, NOW + DAY), 'absent')
    assertSame(await sessions.readAttributes(session.id, NOW), { version: 1, attributes: { cart: 1 } })
    await sessions.end(session.id)
    assert.equal(await sessions.readAttributes(session.id, NOW), undefined)
    assert.equal(await sessions.writeAttributes(session.id, 1, { cart: 2 }, NOW), 'absent')
  }),
  ...(['end', 'endAll'] as const).map((verb) =>
    holdTo(
      `a session does not inherit the attributes of one that had its id and ended by ${verb}`,
      async ({ sessions }) => {
        const first = await startSample(sessions)
        await sessions.writeAttributes(first.id, 0, { cart: 1 }, NOW)
        if (verb === 'end') await sessions.end(first.id)
        else await sessions.endAll(first.accountId, { below: 1 })
        const second = await startSample(sessions, { id: first.id })
        assertSame(await sessions.readAttributes(second.id, NOW), { version: 0, attributes: {} })
        assertSame(await sessions.writeAttributes(second.id, 0, { cart: 2 }, NOW), { version: 1 })
      },
    ),
  ),
]

const values: readonly ConformanceCase[] = [
  holdTo('every JSON value survives, at any depth, and names that mean something elsewhere', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    const attributes = JSON.parse(
      `{"":"", "__proto__":{"a":1}, "constructor":null, "1":[], "a.b":{"$":[{},[[]],-1.5e-7,1e300,9007199254740991]},
        "nul\\u0000nul":"\\u0000", "text":"'\\";--\\\\ %s \\u2028 \\ud83d\\ude00 e\\u0301 \\ufeff", "no":false, "zero":0}`,
    ) as Attributes
    await sessions.writeAttributes(id, 0, attributes, NOW)
    const read = await sessions.readAttributes(id, NOW)
    assert.deepEqual(read?.attributes, attributes)
    assert.deepEqual(Object.keys(read.attributes).toSorted(), Object.keys(attributes).toSorted())
  }),
  holdTo('attributes of 64 KiB survive', async ({ sessions }) => {
    const { id } = await startSample(sessions)
    const text = 'añ😀\0'.repeat(8192)
    await sessions.writeAttributes(id, 0, { text, list: Array.from({ length: 500 }, (_, at) => at) }, NOW)
    const read = await sessions.readAttributes(id, NOW)
    assert.equal(read?.attributes['text'], text)
    assert.equal((read.attributes['list'] as number[]).length, 500)
  }),
]

/** Per-session data of applications. */
export const sessionAttributeCases: readonly ConformanceCase[] = [...versions, ...lifetimes, ...values]
