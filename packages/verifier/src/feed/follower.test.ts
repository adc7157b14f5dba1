import { describe, expect, it } from 'vitest'
import type { LeaseAnswer, LogHead, Revocation, SessionId, Instant } from '@counterfoil/protocol'
import { applyFeedEvent, holdsLease, newFollower, nextTickAt, type FeedEvent, type FollowerState } from './follower.ts'

const at = (ms: number): Instant => ({ monotonic: ms, wall: 1_700_000_000_000 + ms })
const head = (position: number, incarnation = 'log'): LogHead => ({ incarnation, position })
const SETTINGS = { mode: 'background', timeoutMs: 2000 } as const

function records(after: number, upTo: number): Revocation[] {
  return Array.from({ length: upTo - after }, (_, number) => ({
    kind: 'session',
    sessionId: 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId,
    at: 0,
    position: after + number + 1,
  }))
}

function answer(after: number, upTo: number, more: Partial<LeaseAnswer> = {}): LeaseAnswer {
  return {
    head: head(upTo),
    leaseMs: 5000,
    retainMs: 310_000,
    records: records(after, upTo),
    floor: undefined,
    ...more,
  }
}

/** A follower that is moved on step by step. */
class Steps {
  state: FollowerState
  constructor(mode: 'background' | 'on-demand' = 'background') {
    this.state = newFollower({ ...SETTINGS, mode })
  }
  happen(event: FeedEvent, ms: number): string[] {
    const { state, effects } = applyFeedEvent(this.state, event, at(ms))
    this.state = state
    return effects.map((effect) => ('records' in effect ? `${effect.kind} ${effect.records.length}` : effect.kind))
  }
}

function following(): Steps {
  const steps = new Steps()
  steps.happen({ kind: 'tick' }, 0)
  steps.happen({ kind: 'answered', id: 1, answer: answer(0, 2, { floor: 0 }) }, 40)
  steps.happen({ kind: 'channel-opened', channel: 1 }, 50)
  return steps
}

describe('a lease', () => {
  it('begins when its request was sent, not when the answer came', () => {
    const steps = new Steps()
    expect(steps.happen({ kind: 'tick' }, 1000)).toEqual(['ask'])
    expect(steps.happen({ kind: 'answered', id: 1, answer: answer(0, 2, { floor: 0 }) }, 2500)).toEqual([
      'reset',
      'apply 2',
      'settled',
      'open-channel',
    ])
    expect(holdsLease(steps.state, at(5999))).toBe(true)
    expect(holdsLease(steps.state, at(6000))).toBe(false)
  })

  it('is over when either clock says so: a machine that slept wakes up without one', () => {
    const { state } = following()
    expect(holdsLease(state, { monotonic: 100, wall: at(0).wall + 6000 })).toBe(false)
    expect(holdsLease(state, { monotonic: 6000, wall: at(0).wall })).toBe(false)
    expect(holdsLease(state, { monotonic: 100, wall: at(0).wall - 3_600_000 })).toBe(true)
  })

  it('is not held while there is more to fetch, which is asked for at once', () => {
    const steps = new Steps()
    steps.happen({ kind: 'tick' }, 0)
    const effects = steps.happen({ kind: 'answered', id: 1, answer: answer(0, 2, { floor: 0, leaseMs: 0 }) }, 10)
    expect(effects).toContain('ask')
    expect(holdsLease(steps.state, at(11))).toBe(false)
    steps.happen({ kind: 'answered', id: 2, answer: answer(2, 3) }, 20)
    expect(holdsLease(steps.state, at(21))).toBe(true)
  })

  it('is renewed in good time, and tried again soon when that fails', () => {
    const steps = following()
    expect(nextTickAt(steps.state, at(50))).toBe(2000)
    expect(steps.happen({ kind: 'tick' }, 2000)).toEqual(['ask'])
    expect(steps.happen({ kind: 'failed', id: 2, error: 'no route' }, 2010)).toEqual(['settled'])
    expect(steps.state).toMatchObject({ failures: 1, error: 'no route' })
    expect(steps.happen({ kind: 'tick' }, 2020)).toEqual([])
    expect(steps.happen({ kind: 'tick' }, 2200)).toEqual(['ask'])
    expect(holdsLease(steps.state, at(4999))).toBe(true)
  })

  it('is noticed to end also by a clock that stands a hair before its end', () => {
    const steps = following()
    steps.happen({ kind: 'tick' }, 2000)
    const hair = { monotonic: 5000 - Number.EPSILON * 4096, wall: at(4000).wall }
    expect(holdsLease(steps.state, hair)).toBe(true)
    expect(nextTickAt(steps.state, hair)).toBeLessThan(5002)
  })

  it('is not taken from an answer that was given up', () => {
    const steps = following()
    steps.happen({ kind: 'tick' }, 2000)
    steps.happen({ kind: 'tick' }, 4000)
    expect(steps.state.failures).toBe(1)
    expect(steps.happen({ kind: 'answered', id: 2, answer: answer(2, 2) }, 4001)).toEqual([])
    expect(holdsLease(steps.state, at(5000))).toBe(false)
  })

  it('is asked for when it is wanted, on demand, and not before', () => {
    const steps = new Steps('on-demand')
    expect(steps.happen({ kind: 'tick' }, 0)).toEqual([])
    expect(steps.happen({ kind: 'wanted' }, 10)).toEqual(['ask'])
    expect(steps.happen({ kind: 'answered', id: 1, answer: answer(0, 0, { floor: 0 }) }, 20)).toEqual([
      'reset',
      'apply 0',
      'settled',
    ])
    expect(steps.happen({ kind: 'wanted' }, 4000)).toEqual([])
    expect(steps.happen({ kind: 'wanted' }, 5010)).toEqual(['ask'])
  })
})

describe('what is pushed', () => {
  const push = (after: number, upTo: number, incarnation = 'log'): FeedEvent => ({
    kind: 'pushed',
    channel: 1,
    push: { head: head(upTo, incarnation), after, records: records(after, upTo) },
  })

  it('is applied where it continues, and skipped where it is known', () => {
    const steps = following()
    expect(steps.happen(push(2, 4), 100)).toEqual(['apply 2'])
    expect(steps.happen(push(3, 5), 110)).toEqual(['apply 1'])
    expect(steps.happen(push(2, 5), 120)).toEqual([])
    expect(steps.state.applied).toEqual(head(5))
  })

  it('is not applied over a gap: the rest is asked for', () => {
    const steps = following()
    expect(steps.happen(push(3, 4), 100)).toEqual(['close-channel', 'ask'])
    expect(steps.state).toMatchObject({ applied: head(2), gaps: 1 })
    expect(holdsLease(steps.state, at(110))).toBe(true)
  })

  it('ends the lease when it is of another log', () => {
    const steps = following()
    expect(steps.happen(push(2, 3, 'other'), 100)).toEqual(['close-channel', 'ask'])
    expect(holdsLease(steps.state, at(110))).toBe(false)
    expect(steps.state.applied).toEqual(head(2))
  })

  it('is no news from a channel that was closed', () => {
    const steps = following()
    steps.happen({ kind: 'channel-closed', channel: 1, error: 'gone' }, 100)
    expect(steps.happen(push(2, 4), 110)).toEqual([])
    expect(steps.state.applied).toEqual(head(2))
  })

  it('makes a follower say how far it is when somebody waits for that', () => {
    const steps = following()
    expect(steps.happen({ kind: 'renew', channel: 1 }, 100)).toEqual(['ask'])
    expect(steps.happen({ kind: 'renew', channel: 1 }, 110)).toEqual([])
    expect(steps.happen({ kind: 'answered', id: 2, answer: answer(2, 2) }, 120)).toEqual(['settled', 'ask'])
  })
})

describe('an answer', () => {
  it.each([
    ['that cannot be read', undefined],
    ['about another log', answer(2, 2, { head: head(2, 'other') })],
  ])('%s is as none, and the next request begins at the beginning', (_, given) => {
    const steps = following()
    steps.happen({ kind: 'tick' }, 2000)
    expect(steps.happen({ kind: 'answered', id: 2, answer: given }, 2010)).toContain('settled')
    expect(steps.state).toMatchObject({ applied: undefined, lease: undefined, gaps: 1 })
  })

  it('in a snapshot voids what was applied, and the channel of before', () => {
    const steps = following()
    steps.happen({ kind: 'tick' }, 2000)
    const snapshot = answer(7, 9, { head: head(9, 'other'), floor: 7 })
    expect(steps.happen({ kind: 'answered', id: 2, answer: snapshot }, 2010)).toEqual([
      'reset',
      'apply 2',
      'close-channel',
      'settled',
      'open-channel',
    ])
    expect(steps.state.applied).toEqual(head(9, 'other'))
  })
})
