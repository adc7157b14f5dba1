import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elapsedMs, instantsAt, isSpent, type Held } from './held.ts'

const at = (monotonic: number, wall: number) => ({ monotonic, wall })
const token = (lifeMs: number): Held => ({ token: 't', scheme: 'Bearer', lifeMs, since: at(0, 0) })

describe('time that has passed', () => {
  it('is what the monotonic clock says, though the other one was set back by a day', () => {
    expect(elapsedMs(at(1000, 0), at(5000, -86_400_000))).toBe(4000)
  })

  it('is what the wall clock says where the monotonic one stood still in sleep', () => {
    expect(elapsedMs(at(1000, 0), at(1500, 3_600_000))).toBe(3_600_000)
  })

  it('does not depend on what the wall clock says, only on how it moved', () => {
    const ms = fc.integer({ min: 0, max: 1e9 })
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), ms, ms, (wrong, slept, awake) => {
        expect(elapsedMs(at(0, wrong), at(awake, wrong + slept + awake))).toBe(slept + awake)
      }),
    )
  })
})

it('an instant that another tab tells of counts from then, and from now on where the clock was set back meanwhile', () => {
  expect(elapsedMs(instantsAt(5000, at(100, 8000)), at(100, 8000))).toBe(3000)
  expect(elapsedMs(instantsAt(5000, at(100, 2000)), at(100, 2000))).toBe(0)
})

describe('a token', () => {
  it('of five minutes is renewed half a minute before its end', () => {
    expect(isSpent(token(300_000), at(269_999, 0))).toBe(false)
    expect(isSpent(token(300_000), at(270_000, 0))).toBe(true)
  })

  it('of ten seconds is renewed when a tenth of its life is left', () => {
    expect(isSpent(token(10_000), at(8999, 0))).toBe(false)
    expect(isSpent(token(10_000), at(9000, 0))).toBe(true)
  })

  it('of a stateful session is used until the server says otherwise', () => {
    expect(isSpent(token(Infinity), at(1e12, 1e12))).toBe(false)
  })
})
