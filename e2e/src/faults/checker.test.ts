import { describe, expect, it } from 'vitest'
import { checkHistory, type Terms } from './checker.ts'
import type { Call, CallAnswer } from './history.ts'

const OK: CallAnswer = { status: 200, clearsCookie: false }
const GONE: CallAnswer = { status: 400, code: 'invalid_grant', clearsCookie: false }
const AWAY: CallAnswer = { status: 503, code: 'store_unavailable', clearsCookie: false }

/** A call that takes 10 ms. */
function call(kind: Call['kind'], startedAt: number, more: Partial<Call> = {}): Call {
  return { kind, user: 'ada', node: 0, startedAt, endedAt: startedAt + 10, answer: OK, isLatest: true, ...more }
}

const signUp = call('sign-up', 0, { password: 0 })
const signIn = call('sign-in', 20, { session: 's', answer: { ...OK, token: 'r0' }, password: 0 })
const refresh = (startedAt: number, presented: string, token: string): Call =>
  call('refresh', startedAt, { session: 's', presented, answer: { ...OK, token } })

const AUDIT: Terms['audit'] = [
  { kind: 'account.registered', accountId: 'a' },
  { kind: 'session.started', accountId: 'a', sessionId: 's' },
]

function clauses(calls: readonly Call[], terms: Partial<Terms> = {}): string[] {
  const accounts = new Map([['ada', 'a']])
  const verdict = checkHistory([signUp, signIn, ...calls], { boundMs: 2002, audit: AUDIT, accounts, ...terms })
  return verdict.violations.map(({ clause }) => clause)
}

describe('a history that keeps the promises', () => {
  it.each([
    [
      'an ordinary life',
      [refresh(40, 'r0', 'r1'), call('check', 60, { session: 's' }), call('sign-out', 80, { session: 's' })],
    ],
    ['two tabs that get the same', [refresh(40, 'r0', 'r1'), refresh(41, 'r0', 'r1')]],
    [
      'a store that is away',
      [call('refresh', 40, { session: 's', presented: 'r0', answer: AWAY }), refresh(60, 'r0', 'r1')],
    ],
    [
      'no answer, and the same again',
      [call('refresh', 40, { session: 's', presented: 'r0', answer: undefined }), refresh(60, 'r0', 'r1')],
    ],
    [
      'a check from memory within the bound',
      [call('sign-out', 40, { session: 's' }), call('check', 1000, { session: 's' })],
    ],
    [
      'what is refused after an ending that nobody answered',
      [
        call('sign-out', 40, { session: 's', answer: undefined }),
        call('refresh', 60, { session: 's', presented: 'r0', answer: GONE }),
      ],
    ],
  ])('%s is not called a violation', (_, calls) => {
    expect(clauses(calls)).toEqual([])
  })
})

describe('a history that breaks one', () => {
  it.each([
    ['a token with two successors', 'one successor', [refresh(40, 'r0', 'r1'), refresh(41, 'r0', 'r2')]],
    ['a refresh after the end', 'ended', [call('sign-out', 40, { session: 's' }), refresh(51, 'r0', 'r1')]],
    [
      'a check after the bound',
      'ended',
      [call('sign-out', 40, { session: 's' }), call('check', 2053, { session: 's' })],
    ],
    [
      'a check after everybody obeys',
      'ended',
      [call('sign-out', 40, { session: 's', everywhere: true }), call('check', 51, { session: 's' })],
    ],
    [
      'a refresh after reuse',
      'ended',
      [
        refresh(40, 'r0', 'r1'),
        call('refresh', 60, { session: 's', presented: 'r0', isLatest: false, answer: GONE }),
        refresh(80, 'r1', 'r2'),
      ],
    ],
    ['a refresh after all were ended', 'ended', [call('sign-out-everywhere', 40), refresh(51, 'r0', 'r1')]],
    [
      'a refresh of another session after a password change',
      'ended',
      [call('change-password', 40, { session: 'other', password: 1 }), refresh(60, 'r0', 'r1')],
    ],
    [
      'an honest refresh that is refused',
      'signed out',
      [call('refresh', 40, { session: 's', presented: 'r0', answer: GONE })],
    ],
    [
      'an honest session token that is refused',
      'signed out',
      [
        call('check', 40, {
          session: 's',
          presented: 'cfs_x',
          answer: { status: 401, code: 'credential_ended', clearsCookie: false },
        }),
      ],
    ],
    [
      'a cookie that is taken away by 503',
      'cannot tell',
      [call('check', 40, { session: 's', answer: { ...AWAY, clearsCookie: true } })],
    ],
    ['an answer that is 500', 'cannot tell', [call('check', 40, { session: 's', answer: { ...AWAY, status: 500 } })]],
    [
      'a password that was forgotten',
      'durable',
      [call('sign-in', 40, { password: 0, answer: { status: 401, code: 'sign_in_failed', clearsCookie: false } })],
    ],
    [
      'a password change that was forgotten',
      'durable',
      [
        call('change-password', 40, { session: 's', password: 1 }),
        call('sign-in', 60, { password: 1, answer: { status: 401, code: 'sign_in_failed', clearsCookie: false } }),
      ],
    ],
  ])('%s is called a violation', (_, clause, calls) => {
    expect(clauses(calls)).toContain(clause)
  })

  it.each([
    ['a sign-in that the audit log lacks', AUDIT.slice(0, 1)],
    ['a sign-in that it has twice', [...AUDIT, ...AUDIT.slice(1)]],
    ['an account that it lacks', AUDIT.slice(1)],
    ['a password change that nobody asked for', [...AUDIT, { kind: 'account.password_changed', accountId: 'a' }]],
  ])('%s is called a violation', (_, audit) => {
    expect(clauses([], { audit })).toEqual(['audit'])
  })

  it('is counted as lost, and not as broken, where the profile says so', () => {
    const calls = [signUp, signIn, call('refresh', 4000, { session: 's', presented: 'r0', answer: GONE })]
    const terms = { boundMs: 2002, audit: AUDIT, accounts: new Map<string, string>() }
    expect(checkHistory(calls, { ...terms, mayLose: { from: 0, to: 1000 } })).toEqual({ violations: [], lost: 1 })
    expect(checkHistory(calls, { ...terms, emptiedAt: 100 })).toEqual({ violations: [], lost: 1 })
    expect(checkHistory(calls, { ...terms, mayLose: { from: 100, to: 1000 } }).violations).toHaveLength(1)
  })
})
