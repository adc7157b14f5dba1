import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUncertain, judgeRefresh, judgeUnauthorized, waitMs } from './verdict.ts'

const oauth = (status: number, error: string, description?: string) => ({
  status,
  body: { error, error_description: description },
})

describe('an answer of the token endpoint', () => {
  it.each([
    ['new credentials', { status: 200, body: {} }, 'refreshed'],
    ['a grant that is not good any more', oauth(400, 'invalid_grant'), 'ended'],
    ['no token to refresh with', oauth(400, 'invalid_request', 'refresh_token is missing'), 'none'],
    ['a request that is wrong in another way', oauth(400, 'invalid_request', 'grant_type is missing'), 'wrong'],
    ['an application that is not known', oauth(401, 'invalid_client'), 'wrong'],
    ['a wish for a nonce', oauth(400, 'use_dpop_nonce'), 'uncertain'],
    ['an error of somebody in between', { status: 403, body: { message: 'blocked' } }, 'uncertain'],
    ['a page of somebody in between', { status: 200, body: undefined }, 'uncertain'],
    ['an outage', { status: 503, body: { error: 'temporarily_unavailable' } }, 'uncertain'],
    ['an outage that sounds like an end', oauth(502, 'invalid_grant'), 'uncertain'],
    ['too many requests', oauth(429, 'invalid_grant'), 'uncertain'],
  ] as const)('with %s is judged by what it says', (_, answer, verdict) => {
    expect(judgeRefresh(answer, false)).toBe(verdict)
  })

  it('that refuses a proof ends the session only where the key is certainly lost', () => {
    expect(judgeRefresh(oauth(400, 'invalid_dpop_proof'), false)).toBe('uncertain')
    expect(judgeRefresh(oauth(400, 'invalid_dpop_proof'), true)).toBe('key-lost')
  })

  it('ends a session for the word invalid_grant alone, whatever else comes', () => {
    const status = fc.integer({ min: 200, max: 599 })
    const body = fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.record({ error: fc.string(), code: fc.string() }))
    fc.assert(
      fc.property(status, body, (code, got) => {
        fc.pre((got as { error?: unknown } | undefined)?.error !== 'invalid_grant')
        expect(['ended', 'key-lost']).not.toContain(judgeRefresh({ status: code, body: got }, false))
      }),
    )
  })

  it.each([500, 502, 503, 504, 429])('with %i says nothing about the session', (status) => {
    expect(isUncertain({ status, body: {} })).toBe(true)
    expect(isUncertain({ status: 401, body: {} })).toBe(false)
  })
})

describe('a 401', () => {
  it.each([
    ['DPoP error="use_dpop_nonce"', undefined, 'proof'],
    ['DPoP error="invalid_dpop_proof"', 'invalid_dpop_proof', 'proof'],
    ['Bearer error="invalid_token"', undefined, 'expired'],
    ['', 'credential_expired', 'expired'],
    ['Bearer error="invalid_token"', 'credential_ended', 'ended'],
    ['', 'revoked', 'ended'],
    ['Bearer', 'credential_absent', 'ended'],
    ['Basic realm="other"', undefined, 'other'],
  ])('with %s and the code %s', (challenge, code, verdict) => {
    expect(judgeUnauthorized(challenge, code)).toBe(verdict)
  })
})

describe('the wait before another attempt', () => {
  it('is what Retry-After says', () => {
    expect(waitMs(1, '2', 0.5)).toBe(2000)
    expect(waitMs(3, '0', 0.5)).toBe(0)
  })

  it('is not made at all where it would be longer than anybody waits for an answer', () => {
    expect(waitMs(1, '5', 0)).toBe(5000)
    expect(waitMs(1, '6', 0)).toBeUndefined()
  })

  it('doubles where nothing is said, or a date, and is spread by half of it either way', () => {
    expect([1, 2, 3].map((attempt) => waitMs(attempt, null, 0.5))).toEqual([150, 300, 600])
    expect(waitMs(1, 'Wed, 21 Oct 2026 07:28:00 GMT', 0)).toBe(75)
    expect(waitMs(1, null, 1)).toBe(225)
  })
})
