import { execFile } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NOW } from './sample.fixture.ts'
import { newPath, openStores } from './scratch.fixture.ts'

const ATTEMPTS = fileURLToPath(new URL('./attempts.fixture.ts', import.meta.url))
const RULE = { name: 'tries', attempts: 3, windowMs: 60_000 }

/** Counts the rows of a table, beside the store. */
function rowCounter(path: string, table: 'attempts' | 'familiar_addresses'): () => number {
  const db = new DatabaseSync(path, { readOnly: true })
  onTestFinished(() => db.close())
  return () => Number(db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'])
}

async function takeBy(path: string, tries: number, attempts: number): Promise<number> {
  const given = [ATTEMPTS, path, String(tries), String(attempts)]
  const { stdout } = await promisify(execFile)(process.execPath, given)
  return Number(stdout)
}

describe('processes that have one file open', () => {
  it('count attempts together, to the last one', async () => {
    const path = newPath()
    const { counters } = await openStores({ path })
    const taken = await Promise.all([takeBy(path, 60, 70), takeBy(path, 60, 70)])
    expect(taken.reduce((sum, one) => sum + one)).toBe(70)
    expect(await counters.take({ ...RULE, attempts: 70 }, 'ada', NOW)).toEqual({ taken: false, retryAfterMs: 60_000 })
    expect(await counters.take({ ...RULE, attempts: 71 }, 'ada', NOW)).toMatchObject({ taken: true })
  })

  it('RFC 9449 11.1 use a proof up together, by whatever clock', async () => {
    const path = newPath()
    const [one, other] = [await openStores({ path }), await openStores({ path })]
    const spend = (at: number): Promise<boolean> =>
      (at % 2 === 0 ? one : other).spentProofs.spend('proof', NOW + 60_000, NOW - (at % 2) * 5000)
    const first = await Promise.all(Array.from({ length: 20 }, (_, at) => spend(at)))
    expect(first.filter(Boolean)).toHaveLength(1)
    expect([await spend(0), await spend(1)]).toEqual([false, false])
  })

  it('know the same familiar addresses, and give back what the other took', async () => {
    const path = newPath()
    const [one, other] = [await openStores({ path }), await openStores({ path })]
    await one.familiar.remember('ada', '192.0.2.1', NOW + 1)
    expect(await other.familiar.knows('ada', '192.0.2.1', NOW)).toBe(true)
    for (let times = 0; times < 3; times++) await one.counters.take(RULE, 'ada', NOW)
    expect((await other.counters.take(RULE, 'ada', NOW)).taken).toBe(false)
    await other.counters.giveBack(RULE, 'ada', NOW + RULE.windowMs)
    expect((await one.counters.take(RULE, 'ada', NOW)).taken).toBe(true)
  })
})

describe('rows', () => {
  it('of windows that have ended are removed as others are written, a few at a time', async () => {
    const path = newPath()
    const { counters } = await openStores({ path })
    const rows = rowCounter(path, 'attempts')
    await Promise.all(Array.from({ length: 100 }, (_, at) => counters.take(RULE, `old ${at}`, NOW)))
    expect(rows()).toBe(100)
    await counters.take(RULE, 'new', NOW + RULE.windowMs)
    expect(rows()).toBe(97)
    for (let at = 1; at < 50; at++) await counters.take(RULE, `new ${at}`, NOW + RULE.windowMs)
    expect(rows()).toBe(50)
  })

  it('of what was given back entirely are gone', async () => {
    const path = newPath()
    const { counters } = await openStores({ path })
    const rows = rowCounter(path, 'attempts')
    for (let times = 0; times < 2; times++) await counters.take(RULE, 'ada', NOW)
    await counters.giveBack(RULE, 'ada', NOW + RULE.windowMs)
    expect(rows()).toBe(1)
    await counters.giveBack(RULE, 'ada', NOW + RULE.windowMs)
    expect(rows()).toBe(0)
  })

  it('of addresses that are familiar no more are removed as others are written, and never are more than 8 of one account', async () => {
    const path = newPath()
    const { familiar } = await openStores({ path })
    const rows = rowCounter(path, 'familiar_addresses')
    for (let at = 0; at < 30; at++) await familiar.remember('ada', `place ${at}`, NOW + 1)
    expect(rows()).toBe(8)
    await Promise.all(Array.from({ length: 40 }, (_, at) => familiar.remember(`user ${at}`, 'home', NOW + 1)))
    expect(rows()).toBe(48)
    expect(await familiar.knows('bob', 'home', NOW + 1)).toBe(false)
    await familiar.remember('bob', 'home', NOW + 2)
    expect(rows()).toBe(45)
    for (let at = 0; at < 11; at++) await familiar.remember('bob', 'home', NOW + 2)
    expect(rows()).toBe(1)
    expect(await familiar.knows('bob', 'home', NOW + 1)).toBe(true)
  })
})
