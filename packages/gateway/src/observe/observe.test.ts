import { expect, it } from 'vitest'
import { showEntry } from './access-log.ts'
import { readTrace } from './trace.ts'

const random = () => Buffer.alloc(24, 0xab)

it('a trace that comes with a request goes on as it is', () => {
  const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  expect(readTrace(header, random)).toEqual({
    id: '0af7651916cd43dd8448eb211c80319c',
    traceparent: header,
    isGiven: true,
  })
})

it.each([
  undefined,
  '',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
  '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x',
])('W3C Trace Context 3.2.2 another one begins where %j comes', (header) => {
  expect(readTrace(header, random)).toEqual({
    id: 'ab'.repeat(16),
    traceparent: `00-${'ab'.repeat(16)}-${'ab'.repeat(8)}-00`,
    isGiven: false,
  })
})

it('an entry of the log has times that passed, and no more than it is meant to have', () => {
  const entry = showEntry({
    route: 'orders',
    method: 'GET',
    status: 200,
    beganAt: 1000,
    decidedAt: 1000.25,
    answeredAt: 1003.5,
    endedAt: 1010,
    upstream: 'http://127.0.0.1:1',
    tries: 1,
    client: '::1',
    account: 'a',
    session: 's',
    trace: 't',
    bytes: 7,
  })
  expect(entry).toEqual({
    route: 'orders',
    method: 'GET',
    status: 200,
    ms: 10,
    decide_ms: 0.3,
    upstream_ms: 3.3,
    upstream: 'http://127.0.0.1:1',
    tries: 1,
    client: '::1',
    account: 'a',
    session: 's',
    trace: 't',
    bytes: 7,
  })
})
