import assert from 'node:assert/strict'
import type { StoredKey } from '../../tokens/stored-key.ts'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import { assertSame, DAY, drawKeyId, NOW, race, readWholeAudit, sampleEvent, sampleKey } from './sample.ts'

const EVENT = sampleEvent('key.added')

const additions: readonly ConformanceCase[] = [
  holdTo('keys are listed as they were given, by purpose and then by when they become active', async ({ database }) => {
    const opaque = [sampleKey('opaque', NOW + 2, { number: 255 }), sampleKey('opaque', NOW + 9)]
    const jwt = [sampleKey('jwt', NOW + 3), sampleKey('jwt', NOW + 5, { algorithm: 'RS256' })]
    assert.equal(await database.addKeys('opaque', undefined, opaque.toReversed(), EVENT), true)
    assert.equal(await database.addKeys('jwt', undefined, jwt.toReversed(), EVENT), true)
    assertSame(await database.listKeys(), [...jwt, ...opaque])
  }),
  holdTo('the first keys of a purpose need that there are none of it', async ({ database }) => {
    const [first, second] = [sampleKey('jwt', NOW), sampleKey('jwt', NOW + DAY)]
    assert.equal(await database.addKeys('jwt', drawKeyId(), [first], EVENT), false)
    assert.equal(await database.addKeys('opaque', undefined, [sampleKey('opaque', NOW)], EVENT), true)
    assert.equal(await database.addKeys('jwt', undefined, [first], EVENT), true)
    assert.equal(await database.addKeys('jwt', undefined, [second], EVENT), false)
    assert.equal((await database.listKeys()).length, 2)
    assert.equal((await readWholeAudit(database)).length, 2)
  }),
  holdTo('later keys need that the newest is the one they were made to follow', async ({ database }) => {
    const [early, late] = [sampleKey('jwt', NOW), sampleKey('jwt', NOW + DAY)]
    await database.addKeys('jwt', undefined, [late, early], EVENT)
    const next = sampleKey('jwt', NOW + 2 * DAY)
    assert.equal(await database.addKeys('jwt', early.id, [next], EVENT), false)
    assert.equal(await database.addKeys('jwt', undefined, [next], EVENT), false)
    assert.equal(await database.addKeys('jwt', late.id, [next], EVENT), true)
    assertSame(await database.listKeys(), [early, late, next])
  }),
  holdTo('of nodes that race to add a key exactly one does', async ({ database }) => {
    let newest: StoredKey | undefined
    for (let round = 0; round < 5; round++) {
      const rivals = Array.from({ length: 20 }, () => sampleKey('jwt', NOW + round * DAY))
      const added = await Promise.all(rivals.map((key) => database.addKeys('jwt', newest?.id, [key], EVENT)))
      assert.equal(added.filter((done) => done).length, 1)
      newest = rivals[added.indexOf(true)]
      const keys = await database.listKeys()
      assert.equal(keys.length, round + 1)
      assertSame(keys.at(-1), newest)
    }
    assert.equal((await readWholeAudit(database)).length, 5)
  }),
]

const changes: readonly ConformanceCase[] = [
  holdTo('a key is scheduled anew if it still was to become active when the caller thought', async ({ database }) => {
    const key = sampleKey('jwt', NOW + DAY)
    await database.addKeys('jwt', undefined, [key], EVENT)
    assert.equal(await database.scheduleKey(key.id, NOW + DAY, NOW, EVENT), true)
    assert.equal(await database.scheduleKey(key.id, NOW + DAY, NOW + 5, EVENT), false)
    assert.equal(await database.scheduleKey(drawKeyId(), NOW, NOW + 5, EVENT), false)
    assertSame(await database.listKeys(), [{ ...key, activeAt: NOW }])
    assert.equal((await readWholeAudit(database)).length, 2)
  }),
  holdTo('of callers that race to schedule a key exactly one does', async ({ database }) => {
    const key = sampleKey('jwt', NOW + DAY)
    await database.addKeys('jwt', undefined, [key], EVENT)
    const done = await race(20, (racer) => database.scheduleKey(key.id, NOW + DAY, NOW + racer, EVENT))
    assert.equal(done.filter((won) => won).length, 1)
    assert.equal((await database.listKeys())[0]?.activeAt, NOW + done.indexOf(true))
    assert.equal((await readWholeAudit(database)).length, 2)
  }),
  holdTo('which key is newest follows from the schedule', async ({ database }) => {
    const [first, second] = [sampleKey('jwt', NOW), sampleKey('jwt', NOW + DAY)]
    await database.addKeys('jwt', undefined, [first, second], EVENT)
    await database.scheduleKey(second.id, NOW + DAY, NOW - DAY, EVENT)
    assert.deepEqual(
      (await database.listKeys()).map(({ id }) => id),
      [second.id, first.id],
    )
    assert.equal(await database.addKeys('jwt', second.id, [sampleKey('jwt', NOW + DAY)], EVENT), false)
    assert.equal(await database.addKeys('jwt', first.id, [sampleKey('jwt', NOW + DAY)], EVENT), true)
  }),
  holdTo('a key that is removed is gone, once', async ({ database }) => {
    const [first, second] = [sampleKey('jwt', NOW), sampleKey('jwt', NOW + DAY)]
    await database.addKeys('jwt', undefined, [first, second], EVENT)
    const removed = await race(5, () => database.removeKey(second.id, sampleEvent('key.removed')))
    assert.equal(removed.filter((done) => done).length, 1)
    assertSame(await database.listKeys(), [first])
    assert.equal(await database.removeKey(drawKeyId(), EVENT), false)
    assert.equal((await readWholeAudit(database)).length, 2)
    assert.equal(await database.addKeys('jwt', first.id, [second], EVENT), true)
  }),
  holdTo('a key that is killed is gone, and recorded with it, once', async ({ database, log }) => {
    const [first, second] = [sampleKey('jwt', NOW), sampleKey('jwt', NOW + DAY)]
    await database.addKeys('jwt', undefined, [first, second], EVENT)
    const killed = await race(5, () => database.killKey(first.id, NOW + 7, sampleEvent('key.killed')))
    const heads = killed.filter((head) => head !== undefined)
    assert.equal(heads.length, 1)
    assertSame(await database.listKeys(), [second])
    const reading = await log.read(0, 10)
    assert.ok(reading !== 'compacted')
    assertSame(reading.records, [{ kind: 'key', keyId: first.id, at: NOW + 7, position: 1 }])
    assertSame(heads, [reading.head])
    assert.equal(await database.killKey(drawKeyId(), NOW, EVENT), undefined)
    assert.equal((await readWholeAudit(database)).length, 2)
  }),
  holdTo('changing a key after it was given or answered changes nothing in the database', async ({ database }) => {
    const key = sampleKey('opaque', NOW)
    const copy = { ...key, sealed: key.sealed.slice() }
    await database.addKeys('opaque', undefined, [key], EVENT)
    key.sealed.fill(0)
    Object.assign(key, { number: 9, activeAt: 0 })
    const [listed] = await database.listKeys()
    assertSame(listed, copy)
    listed?.sealed.fill(0)
    Object.assign(listed ?? {}, { number: 9 })
    assertSame(await database.listKeys(), [copy])
  }),
  holdTo('every byte of a sealed key survives', async ({ database }) => {
    const sealed = Uint8Array.from({ length: 4096 }, (_, at) => at % 256)
    const key = sampleKey('jwt', NOW, { sealed, publicJwk: '{"n":"\\u0000é"}' })
    await database.addKeys('jwt', undefined, [key], EVENT)
    assertSame(await database.listKeys(), [key])
  }),
  holdToAcrossRestart(
    'keys are the same after a restart',
    async ({ database }) => {
      const [first, second] = [sampleKey('jwt', NOW), sampleKey('jwt', NOW + DAY)]
      await database.addKeys('jwt', undefined, [first, second], EVENT)
      await database.scheduleKey(second.id, NOW + DAY, NOW + 2 * DAY, EVENT)
      return [first, { ...second, activeAt: NOW + 2 * DAY }]
    },
    async ({ database }, keys) => assertSame(await database.listKeys(), keys),
  ),
]

/** Keys, and who may add the next one. */
export const keyCases: readonly ConformanceCase[] = [...additions, ...changes]
