import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Tickets } from './tickets.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('V4.4.3 a ticket is good for ten seconds, once, and names who holds it', () => {
  const tickets = new Tickets<string>()
  const [early, late] = [tickets.issue('Ada'), tickets.issue('Bob')]
  expect(early).toMatch(/^[\w-]{22}$/)
  vi.advanceTimersByTime(9999)
  expect([tickets.redeem(early), tickets.redeem(early)]).toEqual(['Ada', undefined])
  vi.advanceTimersByTime(1)
  expect(tickets.redeem(late)).toBeUndefined()
})
