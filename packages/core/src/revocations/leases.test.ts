import { describe, expect, it } from 'vitest'
import type { LogHead } from '@counterfoil/protocol'
import { LeaseBook, type PendingLease } from './leases.ts'

const LEASE = 5000
const PATIENCE = (LEASE * 1.001) / 0.999
const at = (position: number, incarnation = 'log') => ({ incarnation, position })

function openBook(): LeaseBook {
  return new LeaseBook(-1_000_000, LEASE)
}

/** How many are missing, and until when at most. */
function look(book: LeaseBook, head: LogHead, now: number): { missing: number; endsAt: number } {
  const { missing, blindUntil } = book.obedience(head, 1_000_000, now)
  return { missing: missing.size, endsAt: Math.max(now, blindUntil, ...missing.values()) }
}

function note(book: LeaseBook, verifier: string, applied: number | undefined, now: number): PendingLease {
  const pending = book.note(verifier, applied === undefined ? undefined : at(applied), now)
  if (pending === undefined) throw new Error('crowded')
  return pending
}

describe('a synchronous revocation waits for', () => {
  it('nobody, where nobody holds a lease', () => {
    expect(look(openBook(), at(1), 0)).toEqual({ missing: 0, endsAt: 0 })
  })

  it('whoever was granted a lease on an older head, until that is surely over', () => {
    const book = openBook()
    note(book, 'a', undefined, 0).grant(at(6))
    expect(look(book, at(7), 10)).toEqual({ missing: 1, endsAt: PATIENCE })
    expect(look(book, at(7), PATIENCE)).toEqual({ missing: 0, endsAt: PATIENCE })
  })

  it('nobody whose lease covers it already', () => {
    const book = openBook()
    note(book, 'a', undefined, 0).grant(at(7))
    expect(look(book, at(7), 10)).toEqual({ missing: 0, endsAt: 10 })
  })

  it('whoever is just being answered: the head may have been read before the record', () => {
    const book = openBook()
    const pending = note(book, 'a', undefined, 0)
    expect(look(book, at(7), 10)).toMatchObject({ missing: 1 })
    pending.grant(at(6))
    expect(look(book, at(7), 20)).toMatchObject({ missing: 1 })
  })

  it('an older lease too, when a newer one of the same verifier covers it: the newer answer may never arrive', () => {
    const book = openBook()
    note(book, 'a', undefined, 0).grant(at(6))
    note(book, 'a', 6, 1000).grant(at(7))
    expect(look(book, at(7), 1001)).toEqual({ missing: 1, endsAt: PATIENCE })
  })

  it('nobody any more who says that it has applied the record', () => {
    const book = openBook()
    note(book, 'a', undefined, 0).grant(at(6))
    note(book, 'b', undefined, 0).grant(at(6))
    note(book, 'a', 7, 20).grant(at(7))
    expect(look(book, at(7), 30)).toMatchObject({ missing: 1 })
    note(book, 'b', 7, 40).grant(at(7))
    expect(look(book, at(7), 50)).toEqual({ missing: 0, endsAt: 50 })
  })

  it('whoever says so of another log', () => {
    const book = openBook()
    note(book, 'a', undefined, 0).grant(at(6))
    book.note('a', at(9, 'other'), 20)?.grant(at(6))
    expect(look(book, at(7), 30)).toMatchObject({ missing: 1 })
  })

  it('everybody again when the log is another one', () => {
    const book = openBook()
    note(book, 'a', undefined, 0).grant(at(6))
    note(book, 'a', 6, 10).grant(at(6))
    note(book, 'b', undefined, 20).grant(at(3, 'other'))
    expect(look(book, at(4, 'other'), 30)).toMatchObject({ missing: 2 })
  })

  it('leases that the process before may have granted', () => {
    const book = new LeaseBook(100, LEASE)
    expect(look(book, at(1), 200)).toEqual({ missing: 0, endsAt: 100 + PATIENCE })
    expect(look(book, at(1), 100 + PATIENCE)).toMatchObject({ endsAt: 100 + PATIENCE })
  })
})

it('a lease that is noted after the wait has begun is waited for by nobody, and one before for no longer than a lease', () => {
  const book = openBook()
  note(book, 'a', undefined, 0).grant(at(6))
  note(book, 'b', undefined, 200).grant(at(6))
  expect(book.obedience(at(7), 100, 300).missing).toEqual(new Map([['a', PATIENCE]]))
  for (let now = 300; now < 3000; now += 50) note(book, 'a', undefined, now).grant(at(now / 50))
  const [endsAt = 0] = book.obedience(at(7_000), 100, 3000).missing.values()
  expect(endsAt).toBeLessThanOrEqual(100 + PATIENCE)
})

it('a lease that is not sent after all is no lease', () => {
  const book = openBook()
  note(book, 'a', undefined, 0).withdraw()
  expect(look(book, at(1), 10)).toMatchObject({ missing: 0 })
})

it('forgets verifiers whose leases are over, and counts those that are not', () => {
  const book = openBook()
  for (let number = 0; number < 50; number++) note(book, `v${number}`, undefined, number).grant(at(0))
  expect(book.count(60)).toBe(50)
  expect(book.count(PATIENCE + 24.5)).toBe(25)
  expect(book.count(3 * PATIENCE)).toBe(0)
})
