import { describe, expect, it } from 'vitest'
import { checkHistory, type Terms, type Verdict } from './checker.ts'
import type { Call, CallAnswer } from './history.ts'

const OK: CallAnswer = { status: 200, clearsCookie: false }
const GONE: CallAnswer = { status: 400, code: 'invalid_grant', clearsCookie: false }
const ENDED: CallAnswer = { status: 401, code: 'credential_ended', clearsCookie: false }
const AWAY: CallAnswer = { status: 503, code: 'store_unavailable', clearsCookie: false }
const WRONG: CallAnswer = { status: 401, code: 'sign_in_failed', clearsCookie: false }

type Some = Partial<Call>

/** A call that takes 10 ms. */
function call(kind: Call['kind'], startedAt: number, more: Some = {}): Call {
  return { kind, user: 'ada', node: 0, startedAt, endedAt: startedAt + 10, answer: OK, isLatest: true, ...more }
}

const of = (session: string, more: Some = {}): Some => ({ session, presented: 'cfr_0', ...more })
const signUp = call('sign-up', 0, { password: 0 })
const signIn = call('sign-in', 20, { session: 's', answer: { ...OK, token: 'cfr_0' }, password: 0 })
const refresh = (startedAt: number, presented: string, token: string, more: Some = {}): Call =>
  call('refresh', startedAt, { session: 's', presented, answer: { ...OK, token }, ...more })
const refused = (startedAt: number, more: Some = {}): Call =>
  call('refresh', startedAt, of('s', { answer: GONE, ...more }))

/** What a faithful audit log says of these calls. */
function auditOf(calls: readonly Call[]): Terms['audit'] {
  const kinds: Partial<Record<Call['kind'], string>> = {
    'sign-up': 'account.registered',
    'sign-in': 'session.started',
    'sign-out': 'session.ended',
    'sign-out-everywhere': 'session.all_ended',
    'change-password': 'account.password_changed',
  }
  return calls.flatMap(({ kind, session: sessionId, answer, isLatest }): Terms['audit'] => {
    if (kind === 'refresh' && isLatest === false && answer === GONE)
      return [{ kind: 'refresh.reuse_detected', sessionId }]
    const event = kinds[kind]
    const isPersonal = kind !== 'sign-in' && kind !== 'sign-out'
    if (event === undefined || answer === undefined || answer.status >= 300) return []
    return [{ kind: event, ...(isPersonal ? { accountId: 'a' } : { accountId: 'a', sessionId }) }]
  })
}

function judge(calls: readonly Call[], terms: Partial<Terms> = {}): Verdict {
  const all = [signUp, signIn, ...calls]
  return checkHistory(all, { boundMs: 2002, audit: auditOf(all), accounts: new Map([['ada', 'a']]), ...terms })
}

function clauses(calls: readonly Call[], terms: Partial<Terms> = {}): string[] {
  return judge(calls, terms).violations.map(({ clause }) => clause)
}

describe('a history that keeps the promises', () => {
  it.each<[string, readonly Call[]]>([
    ['an ordinary life', [refresh(40, 'cfr_0', 'cfr_1'), call('check', 60, of('s')), call('sign-out', 80, of('s'))]],
    ['two tabs that get the same', [refresh(40, 'cfr_0', 'cfr_1'), refresh(41, 'cfr_0', 'cfr_1')]],
    ['a store that is away', [call('refresh', 40, of('s', { answer: AWAY })), refresh(60, 'cfr_0', 'cfr_1')]],
    [
      'no answer, and the same again',
      [call('refresh', 40, of('s', { answer: undefined })), refresh(60, 'cfr_0', 'cfr_1')],
    ],
    ['a check from memory within the bound', [call('sign-out', 40, of('s')), call('check', 1000, of('s'))]],
    ['a verifier within the bound', [call('sign-out', 40, of('s')), call('verify', 2051, of('s'))]],
    [
      'what began before the ending returned',
      [call('sign-out', 40, of('s', { everywhere: true })), call('check', 49, of('s'))],
    ],
    [
      'what is refused after an ending that nobody answered',
      [call('sign-out', 40, of('s', { answer: undefined })), refused(60)],
    ],
    ['what is honoured after one', [call('sign-out', 40, of('s', { answer: AWAY })), refresh(60, 'cfr_0', 'cfr_1')]],
    [
      'the session that an end of all others keeps',
      [call('sign-out-everywhere', 40, of('s', { keeps: 's' })), refresh(60, 'cfr_0', 'cfr_1')],
    ],
    [
      'the session that changes the password',
      [call('change-password', 40, of('s', { password: 1 })), refresh(60, 'cfr_0', 'cfr_1')],
    ],
    [
      'a spent token that a store which lost its successors takes for the latest',
      [
        refresh(40, 'cfr_0', 'cfr_1'),
        refresh(60, 'cfr_1', 'cfr_2'),
        refresh(80, 'cfr_0', 'cfr_1', { isLatest: false }),
        refresh(100, 'cfr_2', 'cfr_3'),
      ],
    ],
    [
      'an access token that has run out',
      [call('check', 40, of('s', { answer: { ...ENDED, code: 'credential_expired' } }))],
    ],
    [
      'data that is read as it was written',
      [call('write', 40, of('s', { value: 1 })), call('read', 60, of('s', { value: 1 }))],
    ],
    [
      'data of a write that nobody answered',
      [
        call('write', 40, of('s', { value: 1, answer: undefined })),
        call('read', 60, of('s', { value: 1 })),
        call('read', 80, of('s', { value: 0 })),
      ],
    ],
    [
      'an old password that is refused once the new one is set',
      [call('change-password', 40, of('s', { password: 1 })), call('sign-in', 60, { password: 0, answer: WRONG })],
    ],
    [
      'a password change that nobody answered',
      [
        call('change-password', 40, of('s', { password: 1, answer: AWAY })),
        call('sign-in', 60, { password: 0, answer: WRONG }),
      ],
    ],
  ])('%s is not called a violation', (_, calls) => {
    expect(clauses(calls)).toEqual([])
  })
})

describe('a history that breaks one', () => {
  it.each<[string, string, readonly Call[]]>([
    ['a token with two successors', 'one successor', [refresh(40, 'cfr_0', 'cfr_1'), refresh(41, 'cfr_0', 'cfr_2')]],
    ['a refresh after the end', 'ended', [call('sign-out', 40, of('s')), refresh(51, 'cfr_0', 'cfr_1')]],
    ['a write after the end', 'ended', [call('sign-out', 40, of('s')), call('write', 51, of('s', { value: 1 }))]],
    ['a check after the bound', 'ended', [call('sign-out', 40, of('s')), call('check', 2053, of('s'))]],
    ['a verifier after the bound', 'ended', [call('sign-out', 40, of('s')), call('verify', 2053, of('s'))]],
    [
      'a check after everybody obeys',
      'ended',
      [call('sign-out', 40, of('s', { everywhere: true })), call('check', 51, of('s'))],
    ],
    [
      'a verifier after everybody obeys',
      'ended',
      [call('sign-out-everywhere', 40, of('other', { everywhere: true })), call('verify', 51, of('s'))],
    ],
    [
      'a refresh after reuse',
      'ended',
      [refresh(40, 'cfr_0', 'cfr_1'), refused(60, { isLatest: false }), refresh(80, 'cfr_1', 'cfr_2')],
    ],
    [
      'a refresh after all were ended',
      'ended',
      [call('sign-out-everywhere', 40, of('s')), refresh(51, 'cfr_0', 'cfr_1')],
    ],
    [
      'a refresh of another session after a password change',
      'ended',
      [call('change-password', 40, of('other', { password: 1 })), refresh(60, 'cfr_0', 'cfr_1')],
    ],
    [
      'an ending that nobody answered, and that holds at one node and not at the next',
      'ended',
      [call('sign-out', 40, of('s', { answer: undefined })), refused(60), refresh(80, 'cfr_0', 'cfr_1')],
    ],
    ['an honest refresh that is refused', 'signed out', [refused(40)]],
    ['an honest access token that is refused as ended', 'signed out', [call('check', 40, of('s', { answer: ENDED }))]],
    [
      'an honest access token that a verifier takes for revoked',
      'signed out',
      [call('verify', 40, of('s', { answer: { ...ENDED, code: 'revoked' } }))],
    ],
    [
      'an honest session token that is refused as untrusted',
      'signed out',
      [call('check', 40, of('s', { presented: 'cfs_0', answer: { ...ENDED, code: 'credential_untrusted' } }))],
    ],
    [
      'an honest refresh before the sign-out of another session',
      'signed out',
      [call('sign-out', 40, of('other')), refused(60)],
    ],
    [
      'a session that an end of all others was to keep',
      'signed out',
      [call('sign-out-everywhere', 40, of('s', { keeps: 's' })), refused(60)],
    ],
    [
      'a cookie that is taken away by 503',
      'cannot tell',
      [call('check', 40, of('s', { answer: { ...AWAY, clearsCookie: true } }))],
    ],
    ['an answer that is 500', 'cannot tell', [call('check', 40, of('s', { answer: { ...AWAY, status: 500 } }))]],
    ['a store that stays away when it is back', 'recovery', [call('sign-in', 40, { password: 0, answer: AWAY })]],
    ['a password that was forgotten', 'durable', [call('sign-in', 40, { password: 0, answer: WRONG })]],
    [
      'a password change that was forgotten',
      'durable',
      [call('change-password', 40, of('s', { password: 1 })), call('sign-in', 60, { password: 1, answer: WRONG })],
    ],
    [
      'data that was forgotten',
      'durable',
      [call('write', 40, of('s', { value: 1 })), call('read', 60, of('s', { value: 0 }))],
    ],
    ['data that nobody wrote', 'durable', [call('read', 60, of('s', { value: 1 }))]],
  ])('%s is called a violation', (_, clause, calls) => {
    expect(new Set(clauses(calls))).toEqual(new Set([clause]))
  })

  const busy = [
    call('sign-out-everywhere', 40, of('other', { keeps: 's' })),
    call('change-password', 60, of('s', { password: 1 })),
    refresh(80, 'cfr_0', 'cfr_1'),
    refused(100, { isLatest: false }),
  ]
  const audit = auditOf([signUp, signIn, ...busy])

  it.each(audit.map((event) => [event.kind, event] as const))('an audit log without its %s is', (_, event) => {
    expect(clauses(busy, { audit: audit.filter((other) => other !== event) })).toEqual(['audit'])
  })

  it.each(audit.map((event) => [event.kind, event] as const))('an audit log with %s twice is', (_, event) => {
    expect(clauses(busy, { audit: [...audit, event] })).toEqual(['audit'])
  })

  it('a sign-out that the audit log lacks, or has twice, is', () => {
    const calls = [call('sign-out', 40, of('s'))]
    const faithful = auditOf([signUp, signIn, ...calls])
    const event = { kind: 'session.ended', accountId: 'a', sessionId: 's' }
    expect(clauses(calls, { audit: faithful.slice(0, 2) })).toEqual(['audit'])
    expect(clauses(calls, { audit: [...faithful, event] })).toEqual(['audit'])
  })
})

describe('what a profile allows to be lost', () => {
  const shut = call('sign-out', 1000, of('s'))
  const revived = refresh(4000, 'cfr_0', 'cfr_1')

  it('is counted, and is no violation', () => {
    expect(judge([refused(4000)], { mayLose: { from: 0, to: 1000 } })).toMatchObject({
      violations: [],
      lostSessions: 1,
    })
    expect(judge([refused(4000)], { emptiedAt: 100 })).toMatchObject({ violations: [], lostSessions: 1 })
    const durable = { from: 900, to: 1100, isDurable: true }
    expect(judge([shut, revived], { mayLose: durable })).toMatchObject({ violations: [], lostEndings: 1 })
    const forgotten = call('sign-in', 4000, { password: 0, answer: WRONG })
    expect(judge([forgotten], { mayLose: { ...durable, from: 0 } })).toMatchObject({ violations: [], lostChanges: 1 })
    const data = [call('write', 950, of('s', { value: 1 })), call('read', 4000, of('s', { value: 0 }))]
    expect(clauses(data, { mayLose: durable })).toEqual([])
  })

  it('is a violation outside of the window', () => {
    expect(clauses([refused(4000)], { mayLose: { from: 100, to: 1000 } })).toEqual(['signed out'])
    expect(clauses([refused(60)], { emptiedAt: 1000 })).toEqual(['signed out'])
    const late = { mayLose: { from: 2000, to: 3000, isDurable: true } }
    expect(clauses([shut, revived], late)).toEqual(['ended'])
    expect(clauses([call('sign-in', 4000, { password: 0, answer: WRONG })], late)).toEqual(['durable'])
  })

  it('is never an ending where only a session store was lost', () => {
    expect(clauses([shut, revived], { mayLose: { from: 900, to: 1100 } })).toEqual(['ended'])
    expect(clauses([shut, revived], { emptiedAt: 1100 })).toEqual(['ended'])
  })
})
