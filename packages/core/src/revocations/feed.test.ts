import { describe, expect, it } from 'vitest'
import type { NewRevocation, Push, SessionId } from '@counterfoil/protocol'
import { createMemoryStores } from '../stores/memory/stores.ts'
import type { Timer } from '../timer.ts'
import { RevocationFeed } from './feed.ts'
import { MOST_RECORDS } from './lease-answer.ts'

const VERIFIER = 'A'.repeat(22)
const ACCEPTANCE = 305_000

/** A clock and its timers, which move when they are told to. */
class Time implements Timer {
  #now = 1_000_000
  readonly #due = new Set<{ at: number; act: () => void }>()
  readonly now = (): number => this.#now
  readonly monotonic = (): number => this.#now

  after(ms: number, act: () => void): () => void {
    const entry = { at: this.#now + ms, act }
    this.#due.add(entry)
    return () => void this.#due.delete(entry)
  }

  async forward(ms: number): Promise<void> {
    this.#now += ms
    for (const entry of this.#due) {
      if (entry.at > this.#now) continue
      this.#due.delete(entry)
      entry.act()
    }
    await settle()
  }
}

async function settle(): Promise<void> {
  await new Promise(setImmediate)
}

const record = (at = 1_000_000): NewRevocation => ({
  kind: 'session',
  sessionId: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url') as SessionId,
  at,
})

async function openFeed(settled = true, { log } = createMemoryStores()) {
  const time = new Time()
  const feed = await RevocationFeed.open({
    log,
    clock: time,
    timer: time,
    leaseMs: 5000,
    longestAcceptanceMs: () => Promise.resolve(ACCEPTANCE),
  })
  if (settled) await time.forward(10_000)
  const ask = async (position?: number, verifier = VERIFIER) => {
    const applied = position === undefined ? undefined : { incarnation: (await log.head()).incarnation, position }
    const answer = await feed.lease({ verifier, applied })
    if (answer === 'crowded') throw new Error('crowded')
    return answer
  }
  return { log, time, feed, ask }
}

describe('a lease', () => {
  it('begins with a snapshot and goes on with what is new', async () => {
    const { log, ask } = await openFeed()
    await log.append([record(), record()])
    expect(await ask()).toMatchObject({ floor: 0, head: { position: 2 }, leaseMs: 5000, records: [{}, {}] })
    await log.append([record()])
    const next = await ask(2)
    expect(next).toMatchObject({ floor: undefined, head: { position: 3 }, records: [{ position: 3 }] })
    expect(next.retainMs).toBeGreaterThanOrEqual(ACCEPTANCE + 5005)
  })

  it('is not granted before everything has been fetched', async () => {
    const { log, ask } = await openFeed()
    await log.append(Array.from({ length: MOST_RECORDS + 1 }, () => record()))
    const first = await ask()
    expect([first.leaseMs, first.head.position, first.records.length]).toEqual([0, MOST_RECORDS, MOST_RECORDS])
    expect(await ask(MOST_RECORDS)).toMatchObject({ leaseMs: 5000, head: { position: MOST_RECORDS + 1 } })
  })

  it('begins anew for whoever comes from a place that is compacted or was never there', async () => {
    const { log, ask } = await openFeed()
    await log.append([record(1), record(2), record()])
    await log.compact(3)
    expect(await ask(1)).toMatchObject({ floor: 2, records: [{ position: 3 }] })
    expect(await ask(9)).toMatchObject({ floor: 2 })
  })

  it('leaves records out of a snapshot that no token is left for', async () => {
    const { log, time, ask } = await openFeed()
    await log.append(Array.from({ length: 20 }, () => record(time.now() - ACCEPTANCE - 60_000)))
    await log.append(Array.from({ length: 3 }, () => record(time.now())))
    expect(await ask()).toMatchObject({ floor: 20, head: { position: 23 } })
  })
})

describe('waiting until everybody obeys', () => {
  it('ends when every verifier has said so, and asks them to', async () => {
    const { log, feed, ask } = await openFeed()
    const told: string[] = []
    feed.subscribe({
      records: () => told.push('records'),
      renew: () => told.push('renew'),
      resync: () => told.push('resync'),
    })
    await ask()
    await ask(undefined, 'B'.repeat(22))
    const head = await log.append([record()])
    await settle()
    let isOver = false
    const waiting = feed.waitUntilObeyed(head).then(() => (isOver = true))
    await settle()
    expect(told).toEqual(['records', 'renew'])
    await ask(1)
    await settle()
    expect(isOver).toBe(false)
    await ask(1, 'B'.repeat(22))
    await waiting
  })

  it('ends when the lease of whoever says nothing is over, and not before', async () => {
    const { log, feed, ask, time } = await openFeed()
    await ask()
    const head = await log.append([record()])
    let waitedMs: number | undefined
    const waiting = feed.waitUntilObeyed(head).then((obeyed) => (waitedMs = obeyed.waitedMs))
    await time.forward(5009)
    expect(waitedMs).toBeUndefined()
    await time.forward(2)
    await waiting
    expect(waitedMs).toBe(5011)
  })

  it('says so when the log began anew meanwhile, and what was ended may not be', async () => {
    const [before, after] = [createMemoryStores(), createMemoryStores()]
    let present = before.log
    const log: typeof before.log = {
      append: (records) => present.append(records),
      read: (...asked) => present.read(...asked),
      head: () => present.head(),
      watch: (onGrowth) => present.watch(onGrowth),
      compact: (until) => present.compact(until),
      holdsSession: (id) => present.holdsSession(id),
    }
    const { feed, ask, time } = await openFeed(true, { ...before, log })
    await ask()
    const head = await log.append([record()])
    const waiting = feed.waitUntilObeyed(head)
    present = after.log
    await feed.upkeep()
    await time.forward(5011)
    expect(await waiting).toEqual({ waitedMs: 5011, stands: false })
    const again = await log.append([record()])
    const second = feed.waitUntilObeyed(again)
    await time.forward(5011)
    expect(await second).toMatchObject({ stands: true })
  })

  it('G2 after a start includes what the process before may have granted', async () => {
    const { log, feed, time } = await openFeed(false)
    const head = await log.append([record()])
    let isOver = false
    const waiting = feed.waitUntilObeyed(head).then(() => (isOver = true))
    await time.forward(5009)
    expect(isOver).toBe(false)
    await time.forward(2)
    await waiting
  })
})

describe('what is pushed', () => {
  it('continues where it ended, and joins what was appended meanwhile', async () => {
    const { log, feed } = await openFeed()
    const pushed: Push[] = []
    feed.subscribe({ records: (push) => pushed.push(push), renew: () => undefined, resync: () => undefined })
    await Promise.all([log.append([record()]), log.append([record()]), log.append([record()])])
    await settle()
    await log.append([record()])
    await settle()
    expect(pushed.flatMap(({ records }) => records.map(({ position }) => position))).toEqual([1, 2, 3, 4])
    expect(pushed.length).toBeLessThan(4)
    for (const [number, push] of pushed.entries()) expect(push.after).toBe(pushed[number - 1]?.head.position ?? 0)
    expect(feed.position().position).toBe(4)
  })

  it('is replayed from any place that is still there', async () => {
    const { log, feed } = await openFeed()
    const { incarnation } = await log.append([record(1), record(), record()])
    expect(await feed.replay({ incarnation, position: 1 })).toMatchObject({ after: 1, head: { position: 3 } })
    expect(await feed.replay({ incarnation: 'other', position: 1 })).toBe('resync')
    expect(await feed.replay({ incarnation, position: 4 })).toBe('resync')
    await log.compact(2)
    expect(await feed.replay({ incarnation, position: 0 })).toBe('resync')
  })
})
