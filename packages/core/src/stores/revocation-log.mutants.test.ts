import type { LogHead, NewRevocation, Revocation, SessionId } from '@counterfoil/protocol'
import { describe, expect, it } from 'vitest'
import { brokenLog, caseNamed, pause, tryCase, type Mutant } from './mutant.fixture.ts'
import { revocationLogCases } from './revocation-log.conformance.ts'
import type { RevocationLog } from './revocation-log.ts'

type Read = Awaited<ReturnType<RevocationLog['read']>>

/** Reads as `change` has it. */
function readAs(fault: string, breaks: string, change: (read: Exclude<Read, 'compacted'>) => Read): Mutant {
  return brokenLog(fault, breaks, (log) => ({
    async read(after, limit) {
      const read = await log.read(after, limit)
      return read === 'compacted' ? read : change(read)
    },
  }))
}

/** A log whose positions are given when an append begins, and whose records come when it ends. */
function announcing(log: RevocationLog): Partial<RevocationLog> {
  let announced = 0
  return {
    async append(records) {
      announced += records.length
      await pause()
      announced -= records.length
      return log.append(records)
    },
    async head() {
      const head = await log.head()
      return { ...head, position: head.position + announced }
    },
  }
}

const positions: readonly Mutant[] = [
  brokenLog(
    'positions that are counted and then taken',
    'appends that race get positions without gaps, each what it asked for, in one piece',
    (log) => ({
      async append(records) {
        const { incarnation, position } = await log.head()
        await pause()
        await log.append(records)
        return { incarnation, position: position + records.length }
      },
    }),
  ),
  readAs(
    'positions with gaps',
    'appends that race get positions without gaps, each what it asked for, in one piece',
    ({ records, head }) => ({
      records: records.map((record) => ({ ...record, position: record.position * 2 })),
      head,
    }),
  ),
  readAs(
    'a position that is there twice',
    'records of database verbs and appends that race share one order without gaps',
    ({ records, head }) => ({ records: [...records, ...records.slice(-1)], head }),
  ),
  brokenLog(
    'a list that is appended record by record',
    'appends that race get positions without gaps, each what it asked for, in one piece',
    (log) => ({
      async append(records) {
        for (const record of records) {
          await log.append([record])
          await pause()
        }
        return log.head()
      },
    }),
  ),
  brokenLog(
    'an append that is acknowledged before it is committed',
    'what was appended is there when the append resolves',
    (log) => ({
      async append(records) {
        const head = await log.head()
        setImmediate(() => void log.append(records))
        return { ...head, position: head.position + records.length }
      },
    }),
  ),
  brokenLog(
    'a head that runs ahead of what is committed',
    'whoever sees a head can read up to it, also while others append',
    announcing,
  ),
  brokenLog('a head that stays behind', 'what was appended is there when the append resolves', (log) => {
    let cached: Promise<LogHead> | undefined
    return { head: () => (cached ??= log.head()) }
  }),
  {
    fault: 'a database with a log of its own',
    breaks: 'records of database verbs and appends that race share one order without gaps',
    mutate: ({ log }) => {
      const others: NewRevocation[] = []
      const head = async () => ({ ...(await log.head()), position: others.length })
      return {
        log: {
          ...log,
          async append(records) {
            others.push(...records)
            return head()
          },
        },
      }
    },
  },
]

const reads: readonly Mutant[] = [
  readAs(
    'the latest records first',
    'a read gives what comes after a position, in order, at most as many as asked for, with the head',
    ({ records, head }) => ({ records: records.toReversed(), head }),
  ),
  brokenLog(
    'a read without a limit',
    'a read gives what comes after a position, in order, at most as many as asked for, with the head',
    (log) => ({ read: (after) => log.read(after, 1000) }),
  ),
  brokenLog(
    'a read that begins at the position itself',
    'a read gives what comes after a position, in order, at most as many as asked for, with the head',
    (log) => ({ read: (after, limit) => log.read(Math.max(0, after - 1), limit) }),
  ),
  readAs(
    'a read whose head is that of its last record',
    'a read gives what comes after a position, in order, at most as many as asked for, with the head',
    ({ records, head }) => ({ records, head: { ...head, position: records.at(-1)?.position ?? 0 } }),
  ),
  readAs(
    'a record that loses whom it keeps',
    'every kind of record is read as it was given, at its place',
    ({ records, head }) => ({
      records: records.map((record) => (record.kind === 'account' ? { ...record, keep: undefined } : record)),
      head,
    }),
  ),
  brokenLog(
    'records that are held on to',
    'changing a record after it was given or answered changes nothing in the log',
    (log) => {
      let held: readonly NewRevocation[] = []
      return {
        append(records) {
          held = records
          return log.append(records)
        },
        async read() {
          const records: Revocation[] = held.map((record, at) => ({ ...record, position: at + 1 }))
          return { records, head: await log.head() }
        },
      }
    },
  ),
  brokenLog(
    'a session that is held by a record which keeps it',
    'a log holds a session when a record ends this one, and by no other record',
    (log) => ({
      async holdsSession(id) {
        const read = await log.read(0, 1000)
        return JSON.stringify(read).includes(id)
      },
    }),
  ),
]

const watchers: readonly Mutant[] = [
  brokenLog('a watch that never calls', 'a watcher hears of appends, and of what database verbs append', () => ({
    watch: () => () => undefined,
  })),
  {
    fault: 'a watch that hears of its own appends alone',
    breaks: 'a watcher hears of appends, and of what database verbs append',
    mutate: ({ log }) => {
      const heard = new Set<() => void>()
      return {
        log: {
          ...log,
          append(records) {
            heard.forEach((hear) => hear())
            return log.append(records)
          },
          watch(onAppend) {
            heard.add(onAppend)
            return () => heard.delete(onAppend)
          },
        },
      }
    },
  },
  brokenLog(
    'a watcher that cannot leave',
    'a watcher that has gone hears nothing any more, and others still do',
    (log) => ({
      watch(onAppend) {
        log.watch(onAppend)
        return () => undefined
      },
    }),
  ),
  brokenLog(
    'a watcher that takes the others along',
    'a watcher that has gone hears nothing any more, and others still do',
    (log) => {
      const leaving: (() => void)[] = []
      return {
        watch(onAppend) {
          leaving.push(log.watch(onAppend))
          return () => leaving.forEach((leave) => leave())
        },
      }
    },
  ),
]

const compactions: readonly Mutant[] = [
  brokenLog(
    'a removal that no reader is told of',
    'a reader for whom records have been removed is told so, one who had read them goes on',
    (log) => ({
      async read(after, limit) {
        const head = await log.head()
        for (let from = after; from <= head.position; from++) {
          const read = await log.read(from, limit)
          if (read !== 'compacted') return read
        }
        return { records: [], head }
      },
    }),
  ),
  brokenLog(
    'a compaction that takes records out of the middle',
    'a compaction leaves no gap: it stops at the first record that stays',
    (log) => {
      let removed = 0
      return {
        async compact(before) {
          removed = before
          return log.compact(before)
        },
        async read(after, limit) {
          const read = await log.read(after, limit)
          return read === 'compacted' ? read : { ...read, records: read.records.filter(({ at }) => at >= removed) }
        },
      }
    },
  ),
  brokenLog(
    'a compaction up to the instant and one more',
    'a compaction removes what was decided before an instant, and says how much',
    (log) => ({ compact: (before) => log.compact(before + 1) }),
  ),
  brokenLog(
    'positions that begin again when the log was emptied',
    'positions are never given out again, not even when the log is emptied',
    (log) => {
      let base = 0
      const shifted = (head: LogHead) => ({ ...head, position: head.position - base })
      return {
        async compact(before) {
          const removed = await log.compact(before)
          base = removed
          return removed
        },
        append: async (records) => shifted(await log.append(records)),
        head: async () => shifted(await log.head()),
      }
    },
  ),
  brokenLog(
    'a session that is held for ever',
    'a session of which one record was removed and another stays is still held',
    (log) => {
      const held = new Set<SessionId>()
      return {
        append(records) {
          for (const record of records) if (record.kind === 'session') held.add(record.sessionId)
          return log.append(records)
        },
        holdsSession: async (id) => held.has(id),
      }
    },
  ),
]

/** A log that calls itself something else each time it is asked. */
function renamed(log: RevocationLog): Partial<RevocationLog> {
  let times = 0
  return { head: async () => ({ ...(await log.head()), incarnation: `incarnation ${++times}` }) }
}

const incarnations: readonly Mutant[] = [
  brokenLog('an incarnation that changes with use', 'the incarnation of a log stays while it is used', renamed),
  brokenLog('one incarnation for all', 'each new log has an incarnation of its own', (log) => ({
    head: async () => ({ ...(await log.head()), incarnation: 'the first' }),
  })),
  {
    fault: 'a new incarnation at each restart',
    breaks: 'a log is the same after a restart, goes on where it ended, and keeps its incarnation',
    mutate: () => ({}),
    restart: (stores) => ({ ...stores, log: { ...stores.log, ...renamed(stores.log) } }),
  },
  {
    fault: 'a log that counts its records when it is opened',
    breaks: 'a log that was emptied gives no position out again after a restart',
    mutate: () => ({}),
    restart: (stores) => {
      const { log } = stores
      return { ...stores, log: { ...log, head: async () => ({ ...(await log.head()), position: 0 }) } }
    },
  },
]

describe('the suite of the revocation log', () => {
  it.for([...positions, ...reads, ...watchers, ...compactions, ...incarnations])(
    '$fault fails: $breaks',
    async (mutant) => {
      expect(await tryCase(caseNamed(mutant.breaks, revocationLogCases), mutant)).toBeDefined()
    },
  )
})
