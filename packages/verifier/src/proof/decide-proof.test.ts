import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideProof, type ProofClaims, type ProofExpectations, type ProofFault } from './decide-proof.ts'
import { normaliseTarget } from './target.ts'

const NOW = Date.UTC(2026, 0, 1)
const TARGET = 'https://orders.example.com/cart'
const GOOD: ProofClaims = { jti: 'a', htm: 'GET', htu: TARGET, iat: NOW / 1000, ath: 'hash' }
const EXPECTED: ProofExpectations = {
  method: 'GET',
  targets: [TARGET],
  target: TARGET,
  keyThumbprint: 'key',
  bound: { tokenHash: 'hash', keyThumbprint: 'key' },
  nonces: 'none',
  isOurNonce: false,
  now: NOW,
  maxAgeMs: 60_000,
  leewayMs: 5000,
}

describe('the decision about a proof', () => {
  const wrongs: readonly (readonly [ProofFault, Partial<ProofClaims>, Partial<ProofExpectations>])[] = [
    ['wrong-method', { htm: 'PUT' }, {}],
    ['wrong-target', {}, { target: 'https://orders.example.com/cart/1' }],
    ['wrong-target', {}, { target: undefined }],
    ['wrong-target', {}, { targets: [] }],
    ['wrong-token', { ath: undefined }, {}],
    ['wrong-token', { ath: 'other' }, {}],
    ['wrong-key', {}, { keyThumbprint: 'other' }],
    ['wrong-time', { iat: NOW / 1000 - 66 }, {}],
    ['nonce-needed', {}, { nonces: 'required' }],
    ['nonce-needed', { nonce: 'other' }, { nonces: 'offered' }],
    ['nonce-needed', { iat: 0 }, { nonces: 'offered' }],
  ]

  it('RFC 9449 4.3 is that it is good when nothing is wrong', () => {
    expect(decideProof(GOOD, EXPECTED)).toBeUndefined()
    expect(decideProof({ ...GOOD, ath: undefined }, { ...EXPECTED, bound: undefined })).toBeUndefined()
    expect(decideProof({ ...GOOD, nonce: 'of another server' }, EXPECTED)).toBeUndefined()
  })

  it.each(wrongs)('RFC 9449 4.3 is %s where that alone is wrong', (fault, claims, expected) => {
    expect(decideProof({ ...GOOD, ...claims }, { ...EXPECTED, ...expected })).toBe(fault)
  })

  it('RFC 9449 4.3 is never that it is good when anything is wrong, whatever else is', () => {
    fc.assert(
      fc.property(fc.subarray([...wrongs], { minLength: 1 }), (chosen) => {
        const claims = Object.assign({}, GOOD, ...chosen.map(([, wrong]) => wrong)) as ProofClaims
        const expected = Object.assign({}, EXPECTED, ...chosen.map(([, , wrong]) => wrong)) as ProofExpectations
        expect(decideProof(claims, expected)).toBeDefined()
      }),
    )
  })

  it('takes a proof by its own time exactly within the window', () => {
    fc.assert(
      fc.property(fc.integer({ min: -200, max: 200 }), (seconds) => {
        const fault = decideProof({ ...GOOD, iat: NOW / 1000 + seconds }, EXPECTED)
        expect(fault).toBe(seconds >= -65 && seconds <= 5 ? undefined : 'wrong-time')
      }),
    )
  })
})

describe('the address in a proof', () => {
  it.each([
    ['https://orders.example.com', 'https://orders.example.com/'],
    ['HTTPS://Orders.Example.COM:443/a', 'https://orders.example.com/a'],
    ['http://localhost:80/a', 'http://localhost/a'],
    ['https://orders.example.com/a?b=c#d', 'https://orders.example.com/a'],
    ['https://orders.example.com/a/./b/../c', 'https://orders.example.com/a/c'],
    ['https://orders.example.com/%7euser/%2fx/%C3%a9', 'https://orders.example.com/~user/%2Fx/%C3%A9'],
    ['https://orders.example.com/a/%2e%2e/b', 'https://orders.example.com/b'],
    ['https://orders.example.com//a', 'https://orders.example.com//a'],
  ])('RFC 3986 6.2 %s is the same as %s', (uri, normal) => {
    expect(normaliseTarget(uri)).toBe(normal)
  })

  it.each([
    '',
    '/cart',
    'orders.example.com/cart',
    'ftp://orders.example.com/cart',
    'https://user@orders.example.com/cart',
    'https:\\\\orders.example.com\\cart',
    'https://orders.example.com/ca rt',
    'https://orders.example.com/ca\trt',
    ' https://orders.example.com/cart',
    'https://órders.example.com/cart',
    'https://',
  ])('is none in %j', (uri) => {
    expect(normaliseTarget(uri)).toBeUndefined()
  })

  it('is the same however often it is brought into its form', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (uri) => {
        const once = normaliseTarget(uri)
        if (once !== undefined) expect(normaliseTarget(once)).toBe(once)
      }),
    )
  })
})
