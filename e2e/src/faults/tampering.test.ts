import { beforeAll, describe, expect, it } from 'vitest'
import { checkHistory, type Terms } from './checker.ts'
import { gatherSessions } from './checks/known-sessions.ts'
import { succeeded, type Call, type CallAnswer } from './history.ts'
import { runScenario } from './run.ts'

const SEED = 11
const GONE: CallAnswer = { status: 400, code: 'invalid_grant', clearsCookie: false }
const ENDED: CallAnswer = { status: 401, code: 'credential_ended', clearsCookie: false }
const AWAY: CallAnswer = { status: 503, code: 'store_unavailable', clearsCookie: false }

/** A true history, of a server to which nothing happens. */
let calls: readonly Call[]
let terms: Terms

beforeAll(async () => {
  const outcome = await runScenario({ name: 'nothing', profile: 'sqlite', strike: async () => ({}) }, SEED)
  calls = outcome.calls
  terms = outcome.terms
}, 60_000)

/** Honoured, of a session that nobody has asked to end: within the bound a verifier may go on honouring one that was. */
const isLive = (call: Call): boolean =>
  succeeded(call) &&
  call.isLatest === true &&
  call.endedAt < (gatherSessions(calls).get(call.session ?? '')?.maybeEndedFrom ?? 0)
const isLate = (call: Call): boolean => {
  const end = calls.find((other) => other.kind === 'sign-out' && other.session === call.session && succeeded(other))
  return end?.everywhere === true && call.startedAt > end.endedAt
}

/** Finds an answer in the true history and tells another one in its place. */
function tamper(matches: (call: Call) => boolean, change: (call: Call) => Partial<Call>): string[] {
  const at = calls.findIndex(matches)
  const call = calls[at]
  if (call === undefined) throw new Error(`the history of seed ${SEED} holds no such call`)
  return clausesOf(calls.with(at, { ...call, ...change(call) }), terms)
}

function clausesOf(history: readonly Call[], those: Terms): string[] {
  return [...new Set(checkHistory(history, those).violations.map(({ clause }) => clause))]
}

function answer(other: Partial<CallAnswer>): (call: Call) => Partial<Call> {
  return (call) => ({ answer: { status: 200, clearsCookie: false, ...call.answer, ...other } })
}

describe('a true history', () => {
  it('has every kind of call in it, and no violation', () => {
    expect(checkHistory(calls, terms).violations).toEqual([])
    const kinds = new Set(calls.filter(succeeded).map(({ kind }) => kind))
    expect([...kinds].toSorted()).toEqual([
      'change-password',
      'check',
      'read',
      'refresh',
      'sign-in',
      'sign-out',
      'sign-out-everywhere',
      'sign-up',
      'verify',
      'write',
    ])
  })

  const accepted = { status: 200, code: undefined }
  it.each<[string, (call: Call) => boolean, (call: Call) => Partial<Call>, string]>([
    [
      'an ended refresh token is honoured',
      (call) => call.kind === 'refresh' && call.answer?.code === 'invalid_grant' && isLate(call),
      answer(accepted),
      'ended',
    ],
    [
      'an ended session is honoured by a node',
      (call) => call.kind === 'check' && call.answer?.code === 'credential_ended' && isLate(call),
      answer(accepted),
      'ended',
    ],
    [
      'an ended session is honoured by a verifier',
      (call) => call.kind === 'verify' && call.answer?.code === 'revoked' && isLate(call),
      answer(accepted),
      'ended',
    ],
    [
      'an honest refresh is refused',
      (call) => call.kind === 'refresh' && isLive(call),
      () => ({ answer: GONE }),
      'signed out',
    ],
    [
      'an honest check is refused',
      (call) => call.kind === 'check' && isLive(call),
      () => ({ answer: ENDED }),
      'signed out',
    ],
    [
      'a verifier refuses an honest token',
      (call) => call.kind === 'verify' && isLive(call),
      answer({ status: 401, code: 'revoked' }),
      'signed out',
    ],
    [
      'a store that is away signs somebody out',
      (call) => call.kind === 'check' && isLive(call),
      () => ({ answer: { ...AWAY, clearsCookie: true } }),
      'cannot tell',
    ],
    [
      'an error is told as another',
      (call) => call.kind === 'check' && isLive(call),
      () => ({ answer: { ...AWAY, status: 500 } }),
      'cannot tell',
    ],
    [
      'an account is forgotten',
      (call) => call.kind === 'sign-in' && succeeded(call),
      () => ({ session: undefined, answer: { status: 401, code: 'sign_in_failed', clearsCookie: false } }),
      'durable',
    ],
    ['data is made up', (call) => call.kind === 'read', () => ({ value: 1000 }), 'durable'],
  ])('is told from one in which %s', (_, matches, change, clause) => {
    expect(tamper(matches, change)).toContain(clause)
  })

  it('is told from one in which a refresh token has another successor', () => {
    const twice = calls.find((call) => call.kind === 'refresh' && succeeded(call))
    if (twice === undefined) throw new Error('nobody refreshes')
    const other = { ...twice, answer: { status: 200, clearsCookie: false, token: 'cfr_another' } }
    expect(clausesOf([...calls, other], terms)).toEqual(['one successor'])
  })

  it.each([
    'account.registered',
    'account.password_changed',
    'session.started',
    'session.ended',
    'session.all_ended',
    'refresh.reuse_detected',
  ])('is told from one whose audit log lacks its first %s', (kind) => {
    const at = terms.audit.findIndex((event) => event.kind === kind)
    expect(at).toBeGreaterThanOrEqual(0)
    expect(clausesOf(calls, { ...terms, audit: terms.audit.toSpliced(at, 1) })).toEqual(['audit'])
  })
})
