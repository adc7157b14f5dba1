import { expect, it } from 'vitest'
import type { Passed } from '../fault-proxy.ts'
import { judgeTabs } from './judge.ts'
import { readRefreshes } from './record.ts'
import type { TabsOutcome } from './run.ts'

const token = (generation: number, tail = 0): string => {
  const bytes = Buffer.alloc(54, tail)
  bytes.writeUInt32BE(generation, 18)
  return `cfr_${bytes.toString('base64url')}`
}

function refresh(at: number, from: number, to: string, more: Partial<Passed> = {}): Passed {
  const cookies = {
    cookie: `__Secure-refresh-hybrid=${token(from)}`,
    setCookie: [`__Secure-refresh-hybrid=${to}; Path=/oauth/token`],
  }
  const call = { method: 'POST', path: '/oauth/token', fate: 'pass', status: 200, error: undefined } as const
  return { ...call, ...cookies, cameAt: at, leftAt: at + 5, ...more }
}

const honest = [refresh(0, 1, token(2)), refresh(10, 2, token(3))]

function judge(passed: readonly Passed[], more: Partial<TabsOutcome> = {}): string {
  const base = { seconds: 1, repeated: 0, signOuts: [], sessions: 1, generation: 3, alarms: [] }
  return judgeTabs({ ...base, record: readRefreshes(passed), ...more }, 2).join('; ')
}

it('a record in which each generation has one successor is in order', () => {
  expect(judge(honest)).toBe('')
})

it('an answer that was lost and given again is in order', () => {
  const lost = refresh(0, 1, token(2), { fate: 'cut-answer' })
  expect(judge([lost, refresh(10, 1, token(2)), refresh(20, 2, token(3))])).toBe('')
})

it.each([
  ['a fork', [...honest, refresh(20, 2, token(3, 1), { fate: 'cut-body' })], {}, 'generation 2 was rotated'],
  ['a sign-out', honest, { signOuts: ['x'] }, 'signed out'],
  ['a second session', honest, { sessions: 2 }, '2 sessions'],
  ['no session', honest, { sessions: 0, generation: -1 }, '0 sessions'],
  ['a store that is elsewhere', honest, { generation: 2 }, 'the store is at 2'],
  ['an alarm', honest, { alarms: ['refresh.reuse_detected'] }, 'reuse_detected'],
  ['rounds without a refresh', honest.slice(0, 1), { generation: 2 }, 'too few'],
  ['two at a time', [honest[0] ?? honest, refresh(2, 2, token(3))].flat(), {}, 'under way'],
  [
    'a refusal',
    [...honest, refresh(20, 3, '', { status: 400, error: 'invalid_grant', setCookie: [], fate: 'cut-body' })],
    {},
    '1 refreshes were refused',
  ],
  [
    'refreshes for nothing',
    [...honest, refresh(20, 3, token(4)), refresh(30, 4, token(5))],
    { generation: 5 },
    '2 refreshes were for nothing',
  ],
])('a record with %s is not', (_name, passed, more, says) => {
  expect(judge(passed, more)).toContain(says)
})
