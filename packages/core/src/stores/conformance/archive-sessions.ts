import assert from 'node:assert/strict'
import { ARCHIVE_KEYS } from '../archive.ts'
import { copySection, copySessions, holdBothTo, readSection, requireArchives } from './archive-copy.ts'
import { holdTo, type ConformanceCase } from './case.ts'
import {
  assertSame,
  DAY,
  drawAccountId,
  drawSessionId,
  HOUR,
  NOW,
  sampleAdvance,
  sampleSession,
  startSample,
} from './sample.ts'

const COPIES: readonly ConformanceCase[] = [
  holdBothTo('sessions that were copied are the same in every member, and go on', async (source, target) => {
    const { id } = await startSample(source.sessions, { deviceLabel: 'Zoë "\n', applicationGeneration: 2 })
    const keyed = await startSample(source.sessions, { keyThumbprint: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' })
    const proof = { reauthenticated: { accountGeneration: 4 } }
    await source.sessions.advance(id, 0, sampleAdvance(NOW + HOUR, proof))
    const plain = { at: NOW }
    const bare = await startSample(source.sessions, { strategy: 'stateful', rotated: plain, started: plain })
    await copySessions(source, target)
    for (const one of [id, bare.id, keyed.id]) {
      const before = await source.sessions.find(one, NOW + HOUR)
      assert.ok(before)
      assertSame(await target.sessions.find(one, NOW + HOUR), before)
    }
    const again = sampleAdvance(NOW + 2 * HOUR)
    assertSame(await target.sessions.advance(id, 1, again), await source.sessions.advance(id, 1, again))
    await target.sessions.touch(bare.id, NOW + 2 * HOUR, NOW + 3 * DAY)
    assert.equal((await target.sessions.find(bare.id, NOW + 2 * DAY))?.seenAt, NOW + 2 * HOUR)
  }),
  holdBothTo(
    'the attributes of a session that was copied have their version, and go on from it',
    async (source, target) => {
      const { id } = await startSample(source.sessions)
      const cart = { cart: [1, { é: '\u{1F510}' }], 7: null }
      await source.sessions.writeAttributes(id, 0, {}, NOW)
      await source.sessions.writeAttributes(id, 1, cart, NOW)
      const none = await startSample(source.sessions)
      await copySessions(source, target)
      assertSame(await target.sessions.readAttributes(id, NOW), { version: 2, attributes: cart })
      assertSame(await target.sessions.readAttributes(none.id, NOW), { version: 0, attributes: {} })
      assert.equal(await target.sessions.writeAttributes(id, 1, {}, NOW), 'conflict')
      assertSame(await target.sessions.writeAttributes(id, 2, { new: true }, NOW), { version: 3 })
      assertSame(await target.sessions.writeAttributes(none.id, 0, { new: true }, NOW), { version: 1 })
    },
  ),
  holdBothTo('the sessions of an account that were copied are listed, and end together', async (source, target) => {
    const accountId = drawAccountId()
    const one = await startSample(source.sessions, { accountId })
    const other = await startSample(source.sessions, { accountId }, NOW + 1)
    await copySessions(source, target)
    const listed = await target.sessions.list(accountId, NOW + 1)
    assert.deepEqual(
      listed.map(({ id }) => id),
      [other.id, one.id],
    )
    assert.deepEqual((await target.sessions.endAll(accountId, { below: 1, keep: one.id })).toSorted(), [other.id])
    assert.equal(await target.sessions.find(other.id, NOW + 1), undefined)
    assertSame(await target.sessions.end(one.id), one)
    assert.equal(await target.sessions.find(one.id, NOW + 1), undefined)
  }),
  holdBothTo('what an end of all has kept from starting does not start in the copy either', async (source, target) => {
    const accountId = drawAccountId()
    const spared = await startSample(source.sessions, { accountId })
    await source.sessions.endAll(accountId, { below: 3, keep: spared.id })
    await copySessions(source, target)
    assertSame(await target.sessions.find(spared.id, NOW), spared)
    assert.equal(await target.sessions.start(sampleSession({ accountId, accountGeneration: 2 })), 'superseded')
    assert.equal(await target.sessions.start(sampleSession({ accountId, accountGeneration: 3 })), 'started')
    assert.equal((await target.sessions.list(accountId, NOW)).length, 2)
  }),
  holdBothTo('floors may come before sessions', async (source, target) => {
    const accountId = drawAccountId()
    const spared = await startSample(source.sessions, { accountId })
    await source.sessions.endAll(accountId, { below: 1, keep: spared.id })
    await copySection(source.sessionArchive.floors, target.sessionArchive.floors)
    await copySection(source.sessionArchive.sessions, target.sessionArchive.sessions)
    assertSame(await target.sessions.list(accountId, NOW), [spared])
  }),
  holdBothTo('a session that was copied expires, and is swept', async (source, target) => {
    const { id } = await startSample(source.sessions)
    await copySessions(source, target)
    assert.ok(await target.sessions.find(id, NOW + DAY - 1))
    assert.equal(await target.sessions.find(id, NOW + DAY), undefined)
    assert.equal(await target.sessions.sweep(NOW + DAY, 10), 1)
    assertSame(await readSection(target.sessionArchive.sessions), [])
  }),
]

function byKey<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  return rows.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}

const PAGES: readonly ConformanceCase[] = [
  holdBothTo(
    'sessions are read in pages and written once, and none is put in the place of one that differs',
    async (source, target) => {
      const started = []
      for (let count = 0; count < 7; count++) started.push(await startSample(source.sessions))
      const sorted = byKey(started, ARCHIVE_KEYS.sessions)
      for (const limit of [1, 3, 7, 100]) {
        const rows = await readSection(source.sessionArchive.sessions, limit)
        const distinct = new Map(rows.map((row) => [row.id, row]))
        assertSame(byKey([...distinct.values()], ARCHIVE_KEYS.sessions), sorted)
      }
      const { sessions } = target.sessionArchive
      const found = await source.sessionArchive.sessions.find([started[0]?.id ?? '', drawSessionId()])
      assertSame(found, [started[0]])
      assertSame(await sessions.find([started[0]?.id ?? '']), [])
      assertSame(await sessions.find([]), [])
      assertSame(await sessions.write([]), 'written')
      for (const _ of [1, 2]) assertSame(await sessions.write(sorted.slice(0, 2)), 'written')
      const [first, , third] = sorted
      if (first === undefined || third === undefined) assert.fail('there are too few rows')
      assertSame(await sessions.write([third, { ...first, generation: 5 }]), { differs: first.id })
      const changed = { ...first, attributes: { version: 1, attributes: {} } }
      assertSame(await sessions.write([changed]), { differs: first.id })
      assertSame(byKey(await readSection(sessions), ARCHIVE_KEYS.sessions), sorted.slice(0, 2))
      assertSame(await sessions.write([...sorted, ...sorted]), 'written')
      assertSame(byKey(await readSection(sessions), ARCHIVE_KEYS.sessions), sorted)
    },
  ),
  holdBothTo(
    'floors are read in pages and written once, and none is put in the place of one that differs',
    async (source, target) => {
      const accounts = Array.from({ length: 5 }, drawAccountId)
      for (const [at, id] of accounts.entries()) await source.sessions.endAll(id, { below: at + 1 })
      await startSample(source.sessions)
      const expected = accounts.map((accountId, at) => ({ accountId, below: at + 1 }))
      const sorted = byKey(expected, ARCHIVE_KEYS.floors)
      for (const limit of [1, 2, 100]) {
        const rows = await readSection(source.sessionArchive.floors, limit)
        const distinct = new Map(rows.map((row) => [row.accountId, row]))
        assertSame(byKey([...distinct.values()], ARCHIVE_KEYS.floors), sorted)
      }
      const { floors } = target.sessionArchive
      assertSame(await floors.find(accounts), [])
      for (const _ of [1, 2]) assertSame(await floors.write(sorted.slice(0, 2)), 'written')
      const [first, , third] = sorted
      if (first === undefined || third === undefined) assert.fail('there are too few rows')
      assertSame(await floors.write([third, { ...first, below: 99 }]), { differs: first.accountId })
      assertSame(byKey(await readSection(floors), ARCHIVE_KEYS.floors), sorted.slice(0, 2))
      assertSame(await floors.write(sorted), 'written')
      assertSame(byKey(await floors.find([...accounts, drawAccountId()]), ARCHIVE_KEYS.floors), sorted)
    },
  ),
  holdTo('an archive of an empty session store is empty', async (stores) => {
    const { sessions, floors } = requireArchives(stores).sessionArchive
    assertSame([...(await readSection(sessions)), ...(await readSection<unknown>(floors))], [])
  }),
  {
    title: 'sessions that were copied are there after a restart',
    needs: 'reopen',
    async run(open) {
      const source = requireArchives(await open())
      let target = requireArchives(await open())
      try {
        const session = await startSample(source.sessions)
        await source.sessions.endAll(session.accountId, { below: 2, keep: session.id })
        await copySessions(source, target)
        if (target.reopen === undefined) throw new TypeError('this case needs stores that can be reopened')
        target = requireArchives(await target.reopen())
        assertSame(await target.sessions.find(session.id, NOW), session)
        const { accountId } = session
        assert.equal(await target.sessions.start(sampleSession({ accountId, accountGeneration: 1 })), 'superseded')
      } finally {
        await source.close()
        await target.close()
      }
    },
  },
]

/** What every `SessionArchive` holds to. */
export const sessionArchiveCases: readonly ConformanceCase[] = [...COPIES, ...PAGES]
