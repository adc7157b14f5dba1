import { describe, expect, it } from 'vitest'
import { boundOf, clockDifferenceMs, judgeDrill, judgeProbes, type Bound, type Finding, type Probe } from './verdict.ts'

const RETURNED_AT = 100
const BOUND: Bound = { ms: 1000, until: 1100 }

function probe(startedAt: number, accepted: boolean): Probe {
  return { startedAt, endedAt: startedAt + 2, accepted }
}

function judge(...probes: readonly Probe[]): Finding {
  return judgeProbes('here', probes, RETURNED_AT, BOUND)
}

describe('the bound', () => {
  const revocation = {
    sentAt: 90,
    returnedAt: 100,
    sentAtWall: 5_000_000,
    datedWall: 5_000_000,
    obeyedByWall: 5_005_010,
  }

  it('is what the server promised, from when it was asked', () => {
    expect(boundOf(revocation, undefined)).toEqual({ ms: 5010, until: 5100 })
  })

  it('is the lease over the error of clocks, from the return, where the lease is given', () => {
    expect(boundOf(revocation, 1)).toEqual({ ms: 1000 / 0.999, until: 100 + 1000 / 0.999 })
  })
})

describe('the clocks', () => {
  const revocation = { sentAt: 0, returnedAt: 30, sentAtWall: 5_000_900, obeyedByWall: 5_006_000 }

  it.each([5_000_000, 5_002_000, 4_999_000])('are the same when the server says %i', (datedWall) => {
    expect(clockDifferenceMs({ ...revocation, datedWall })).toBeUndefined()
  })

  it.each([
    [5_010_000, 9070],
    [4_990_000, -9900],
  ])('differ when the server says %i', (datedWall, differenceMs) => {
    expect(clockDifferenceMs({ ...revocation, datedWall })).toBe(differenceMs)
  })

  it('are not judged when the server does not say', () => {
    expect(clockDifferenceMs({ ...revocation, datedWall: undefined })).toBeUndefined()
  })
})

describe('a vantage point', () => {
  it('rejects from the first rejection on after which it accepts nothing', () => {
    expect(judge(probe(101, false), probe(104, true), probe(107, false), probe(110, false))).toEqual({
      vantage: 'here',
      rejectedAfterMs: 9,
      isBroken: false,
    })
  })

  it('may reject before the revocation has returned', () => {
    expect(judge(probe(95, false)).rejectedAfterMs).toBe(-3)
  })

  it('breaks the bound when it accepts what began after it, though it rejects later', () => {
    expect(judge(probe(1101, true), probe(1104, false)).isBroken).toBe(true)
  })

  it('keeps the bound when it accepts what began in time, however late the answer', () => {
    expect(judge({ startedAt: 1100, endedAt: 9000, accepted: true }, probe(9001, false))).toMatchObject({
      isBroken: false,
      rejectedAfterMs: 8903,
    })
  })

  it('has no rejection as long as it accepts', () => {
    expect(judge(probe(101, true))).toMatchObject({ rejectedAfterMs: undefined, isBroken: false })
  })
})

describe('a drill', () => {
  const kept: Finding = { vantage: 'a', rejectedAfterMs: 4, isBroken: false }

  it('is kept when every rejection came in time, and names the slowest', () => {
    expect(judgeDrill([kept, { ...kept, rejectedAfterMs: 7.25 }], [5010, 5011])).toEqual({
      kept: true,
      line: 'kept: each of 2 rejections came within the bound of 5,011 ms; the slowest 7.3 ms after the return',
    })
  })

  it('says so when every rejection came before the return', () => {
    expect(judgeDrill([{ ...kept, rejectedAfterMs: -3 }], [10]).line).toMatch(/; the slowest before the return$/)
  })

  it('is broken by one acceptance too late, and names where', () => {
    expect(judgeDrill([kept, { vantage: 'b', rejectedAfterMs: undefined, isBroken: true }], [5010])).toEqual({
      kept: false,
      line: 'BROKEN: 1 of 2 times a revoked credential was accepted later than the bound of 5,010 ms, at b',
    })
  })
})
