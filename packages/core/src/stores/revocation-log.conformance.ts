import assert from 'node:assert/strict'
import type { AccountId, KeyId, LogHead, NewRevocation, Revocation } from '@counterfoil/protocol'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './conformance/case.ts'
import {
  assertSame,
  drawAccountId,
  drawApplicationId,
  drawKeyId,
  drawSessionId,
  NOW,
  race,
  RACERS,
  registerSample,
  sampleEvent,
} from './conformance/sample.ts'
import type { RevocationLog } from './revocation-log.ts'

function sampleRecord(at = NOW): NewRevocation {
  return { kind: 'session', sessionId: drawSessionId(), at }
}

async function readAfter(log: RevocationLog, after: number, limit = 10_000): Promise<readonly Revocation[]> {
  const read = await log.read(after, limit)
  assert.ok(read !== 'compacted', `what came after ${after} has been removed`)
  return read.records
}

function positionsOf(records: readonly Revocation[]): number[] {
  return records.map(({ position }) => position)
}

function countUp(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

const appending: readonly ConformanceCase[] = [
  holdTo('a log begins empty, at position 0', async ({ log }) => {
    const head = await log.head()
    assert.equal(head.position, 0)
    assert.ok(head.incarnation.length > 0)
    assertSame(await log.read(0, 10), { records: [], head })
  }),
  holdTo('every kind of record is read as it was given, at its place', async ({ log }) => {
    const records: NewRevocation[] = [
      { kind: 'session', sessionId: drawSessionId(), at: NOW },
      { kind: 'account', accountId: drawAccountId(), generation: 3, at: NOW + 1 },
      { kind: 'account', accountId: drawAccountId(), generation: 4, keep: drawSessionId(), at: NOW + 2 },
      { kind: 'client', applicationId: drawApplicationId(), generation: 2 ** 40, at: NOW + 3 },
      { kind: 'key', keyId: drawKeyId(), at: NOW - 9 },
      { kind: 'changed', subject: drawAccountId(), at: NOW },
    ]
    const head = await log.append(records)
    assert.equal(head.position, 6)
    const expected = records.map((record, at) => ({ ...record, position: at + 1 }))
    assertSame(await log.read(0, 10), { records: expected, head })
  }),
  holdTo('an append answers the position of its last record, and an empty one the head', async ({ log }) => {
    const first = await log.append([sampleRecord()])
    assert.equal(first.position, 1)
    assertSame(await log.append([]), first)
    assertSame(await log.head(), first)
    const third = await log.append([sampleRecord(), sampleRecord()])
    assertSame(third, { incarnation: first.incarnation, position: 3 })
    assertSame(await log.head(), third)
  }),
  holdTo('appends that race get positions without gaps, each what it asked for, in one piece', async ({ log }) => {
    const lists = Array.from({ length: RACERS }, (_, racer) =>
      Array.from({ length: 1 + (racer % 4) }, () => sampleRecord()),
    )
    const heads = await Promise.all(lists.map((list) => log.append(list)))
    const total = lists.flat().length
    const records = await readAfter(log, 0)
    assert.deepEqual(positionsOf(records), countUp(1, total))
    assert.equal((await log.head()).position, total)
    for (const [racer, list] of lists.entries()) {
      const end = heads[racer]?.position ?? 0
      const expected = list.map((record, at) => ({ ...record, position: end - list.length + 1 + at }))
      assertSame(records.slice(end - list.length, end), expected)
    }
  }),
  holdTo('records of database verbs and appends that race share one order without gaps', async ({ database, log }) => {
    const { id } = await registerSample(database)
    const heads = await race(RACERS, async (racer): Promise<LogHead | undefined> => {
      if (racer % 2 === 0) return log.append([sampleRecord()])
      return (await database.raiseAccountGeneration(id, { at: NOW }, sampleEvent('session.all_ended')))?.head
    })
    const records = await readAfter(log, 0)
    assert.deepEqual(positionsOf(records), countUp(1, RACERS))
    assert.equal(new Set(heads.map((head) => head?.position)).size, RACERS)
    for (const [racer, head] of heads.entries()) {
      assert.equal(records[(head?.position ?? 0) - 1]?.kind, racer % 2 === 0 ? 'session' : 'account')
    }
  }),
  holdTo('changing a record after it was given or answered changes nothing in the log', async ({ log }) => {
    const record = sampleRecord()
    const copy = structuredClone(record)
    const given = [record]
    await log.append(given)
    Object.assign(record, { at: 0, kind: 'key' })
    given.push(sampleRecord())
    const [read] = await readAfter(log, 0)
    assertSame(read, { ...copy, position: 1 })
    Object.assign(read ?? {}, { position: 9, at: 0 })
    assertSame(await readAfter(log, 0), [{ ...copy, position: 1 }])
  }),
]

const reading: readonly ConformanceCase[] = [
  holdTo(
    'a read gives what comes after a position, in order, at most as many as asked for, with the head',
    async ({ log }) => {
      const head = await log.append(Array.from({ length: 10 }, () => sampleRecord()))
      for (const [after, limit, expected] of [
        [0, 3, [1, 2, 3]],
        [3, 3, [4, 5, 6]],
        [8, 3, [9, 10]],
        [10, 3, []],
        [4, 0, []],
      ] as const) {
        const read = await log.read(after, limit)
        assert.ok(read !== 'compacted')
        assert.deepEqual(positionsOf(read.records), expected)
        assertSame(read.head, head)
      }
    },
  ),
  holdTo('whoever sees a head can read up to it, also while others append', async ({ log }) => {
    const appended = race(RACERS, () => log.append([sampleRecord(), sampleRecord()]))
    for (let look = 0; look < 20; look++) {
      const head = await log.head()
      const read = await log.read(0, 10_000)
      assert.ok(read !== 'compacted')
      assert.ok(read.head.position >= head.position)
      assert.deepEqual(positionsOf(read.records), countUp(1, read.head.position))
    }
    await appended
    assert.equal((await log.head()).position, 2 * RACERS)
  }),
  holdTo('what was appended is there when the append resolves', async ({ log }) => {
    assert.equal((await log.head()).position, 0)
    await race(RACERS, async () => {
      const record = sampleRecord()
      const { position } = await log.append([record])
      assert.ok((await log.head()).position >= position)
      assertSame(await readAfter(log, position - 1, 1), [{ ...record, position }])
    })
  }),
  holdTo('a log holds a session when a record ends this one, and by no other record', async ({ log }) => {
    const [ended, kept] = [drawSessionId(), drawSessionId()]
    await log.append([
      { kind: 'session', sessionId: ended, at: NOW },
      { kind: 'account', accountId: drawAccountId(), generation: 1, keep: kept, at: NOW },
      { kind: 'account', accountId: kept as string as AccountId, generation: 1, at: NOW },
      { kind: 'key', keyId: kept as string as KeyId, at: NOW },
    ])
    assert.equal(await log.holdsSession(ended), true)
    assert.equal(await log.holdsSession(kept), false)
    assert.equal(await log.holdsSession(drawSessionId()), false)
  }),
]

const watching: readonly ConformanceCase[] = [
  holdTo('a watcher hears of appends, and of what database verbs append', async ({ database, log }) => {
    const { id } = await registerSample(database)
    for (const append of [
      () => log.append([sampleRecord()]),
      () => database.raiseAccountGeneration(id, { at: NOW }, sampleEvent('session.all_ended')),
    ]) {
      const heard = { times: 0 }
      const unsubscribe = log.watch(() => heard.times++)
      // A single hint may be lost; that all are would make a watcher of no use.
      for (let tries = 0; heard.times === 0 && tries < 100; tries++) {
        await append()
        await new Promise((resolve) => setImmediate(resolve))
      }
      unsubscribe()
      assert.ok(heard.times > 0)
    }
  }),
  holdTo('a watcher that has gone hears nothing any more, and others still do', async ({ log }) => {
    const heard = { gone: 0, there: 0 }
    const leave = log.watch(() => heard.gone++)
    const stay = log.watch(() => heard.there++)
    leave()
    leave()
    for (let tries = 0; heard.there === 0 && tries < 100; tries++) {
      await log.append([sampleRecord()])
      await new Promise((resolve) => setImmediate(resolve))
    }
    stay()
    assert.ok(heard.there > 0)
    assert.equal(heard.gone, 0)
  }),
]

const compacting: readonly ConformanceCase[] = [
  holdTo('a compaction removes what was decided before an instant, and says how much', async ({ log }) => {
    const ids = [0, 1, 2, 3].map(drawSessionId)
    const head = await log.append(ids.map((sessionId, at) => ({ kind: 'session', sessionId, at: NOW + at })))
    assert.equal(await log.compact(NOW + 2), 2)
    assert.equal(await log.compact(NOW + 2), 0)
    assertSame(await log.head(), head)
    assert.deepEqual(positionsOf(await readAfter(log, 2)), [3, 4])
    const held = await Promise.all(ids.map((id) => log.holdsSession(id)))
    assert.deepEqual(held, [false, false, true, true])
  }),
  holdTo('a reader for whom records have been removed is told so, one who had read them goes on', async ({ log }) => {
    const head = await log.append([sampleRecord(NOW), sampleRecord(NOW), sampleRecord(NOW + 1)])
    await log.compact(NOW + 1)
    assert.equal(await log.read(0, 10), 'compacted')
    assert.equal(await log.read(1, 10), 'compacted')
    assert.deepEqual(positionsOf(await readAfter(log, 2)), [3])
    assertSame(await log.read(3, 10), { records: [], head })
  }),
  holdTo('a compaction leaves no gap: it stops at the first record that stays', async ({ log }) => {
    await log.append([sampleRecord(NOW), sampleRecord(NOW + 9), sampleRecord(NOW), sampleRecord(NOW + 9)])
    assert.equal(await log.compact(NOW + 5), 1)
    assert.deepEqual(positionsOf(await readAfter(log, 1)), [2, 3, 4])
  }),
  holdTo('positions are never given out again, not even when the log is emptied', async ({ log }) => {
    const { incarnation } = await log.append([sampleRecord(), sampleRecord()])
    assert.equal(await log.compact(NOW + 1), 2)
    assertSame(await log.head(), { incarnation, position: 2 })
    assert.deepEqual(await readAfter(log, 2), [])
    assert.equal(await log.read(1, 10), 'compacted')
    assertSame(await log.append([sampleRecord()]), { incarnation, position: 3 })
    assert.deepEqual(positionsOf(await readAfter(log, 2)), [3])
  }),
  holdTo('a session of which one record was removed and another stays is still held', async ({ log }) => {
    const sessionId = drawSessionId()
    await log.append([NOW, NOW + 9].map((at) => ({ kind: 'session', sessionId, at }) as const))
    await log.compact(NOW + 5)
    assert.equal(await log.holdsSession(sessionId), true)
    await log.compact(NOW + 10)
    assert.equal(await log.holdsSession(sessionId), false)
  }),
  holdTo('appends that race with compactions keep their places', async ({ log }) => {
    await log.append([sampleRecord(NOW), sampleRecord(NOW)])
    const heads = await race(30, async (racer) => {
      if (racer % 3 === 0) await log.compact(NOW + 1)
      return log.append([sampleRecord(NOW + 1)])
    })
    assert.deepEqual(
      heads.map(({ position }) => position).toSorted((one, other) => one - other),
      countUp(3, 32),
    )
    assert.deepEqual(positionsOf(await readAfter(log, 2)), countUp(3, 32))
  }),
]

const incarnations: readonly ConformanceCase[] = [
  holdTo('the incarnation of a log stays while it is used', async ({ log }) => {
    const { incarnation } = await log.head()
    assert.equal((await log.append([sampleRecord()])).incarnation, incarnation)
    await log.compact(NOW + 1)
    const read = await log.read(1, 1)
    assert.ok(read !== 'compacted')
    assert.equal(read.head.incarnation, incarnation)
  }),
  {
    title: 'each new log has an incarnation of its own',
    async run(open) {
      const incarnations: string[] = []
      for (let at = 0; at < 2; at++) {
        const stores = await open()
        incarnations.push((await stores.log.head()).incarnation)
        await stores.close()
      }
      assert.notEqual(incarnations[0], incarnations[1])
    },
  },
  holdToAcrossRestart(
    'a log is the same after a restart, goes on where it ended, and keeps its incarnation',
    async ({ log }) => {
      const sessionId = drawSessionId()
      await log.append([sampleRecord(NOW), sampleRecord(NOW), { kind: 'session', sessionId, at: NOW + 9 }])
      await log.compact(NOW + 1)
      return { read: await log.read(2, 10), head: await log.head(), sessionId }
    },
    async ({ log }, { read, head, sessionId }) => {
      assertSame(await log.head(), head)
      assertSame(await log.read(2, 10), read)
      assert.equal(await log.read(1, 10), 'compacted')
      assert.equal(await log.holdsSession(sessionId), true)
      assertSame(await log.append([sampleRecord()]), { ...head, position: 4 })
    },
  ),
  holdToAcrossRestart(
    'a log that was emptied gives no position out again after a restart',
    async ({ log }) => {
      await log.append([sampleRecord(), sampleRecord()])
      await log.compact(NOW + 1)
      return log.head()
    },
    async ({ log }, head) => {
      assertSame(await log.head(), head)
      assertSame(await log.append([sampleRecord()]), { ...head, position: 3 })
    },
  ),
]

/** What every `RevocationLog` holds to. */
export const revocationLogCases: readonly ConformanceCase[] = [
  ...appending,
  ...reading,
  ...watching,
  ...compacting,
  ...incarnations,
]
