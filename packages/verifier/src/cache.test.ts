import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Acceptances } from './acceptance.ts'
import { TokenCache, type CachedToken } from './cache.ts'
import { areAccessTokenClaims } from './claims.ts'
import { ISSUER, AUDIENCE, TestKey, accessTokenClaims } from './issuer.fixture.ts'
import { readToken } from './judgement.ts'
import { KeyRing } from './key-ring.ts'

const RING = new KeyRing([], 0)
const KEY = { kid: 'a', algorithm: 'EdDSA', check: () => true, fingerprint: 'a' } as const
const signer = new TestKey('EdDSA')

function entry(token: string, claims: object = {}): CachedToken {
  const all: Readonly<Record<string, unknown>> = { ...accessTokenClaims(), ...claims }
  const payload = Buffer.from(JSON.stringify(all))
  const checked = readToken(payload, { issuer: ISSUER, audiences: [AUDIENCE], leewayMs: 0 })
  if (!areAccessTokenClaims(all) || 'outcome' in checked) throw new Error('this is no access token')
  const acceptances = new Acceptances({ checked, keyId: 'a', leewayMs: 0, open: () => AbortSignal.abort() })
  return { token, checked, key: KEY, keyId: 'a', ring: RING, acceptances, clearAt: -1 }
}

const TOKENS = Array.from({ length: 60 }, () => signer.token())

describe('the cache of accepted tokens', () => {
  it('finds what it keeps, until it is dropped', () => {
    const cache = new TokenCache({ maxBytes: 2 ** 20, maxEntries: 100 })
    const [token = ''] = TOKENS
    const kept = entry(token)
    cache.keep(kept)
    // A text of its own, as each request has one.
    expect(cache.find(Buffer.from(token).toString())).toBe(kept)
    cache.drop(token)
    expect(cache.find(token)).toBeUndefined()
    expect(cache.status()).toMatchObject({ entries: 0, bytes: 0, hits: 1, misses: 1, evicted: 0 })
  })

  it('compares the whole token, not the tail by which it is found', () => {
    const cache = new TokenCache({ maxBytes: 2 ** 20, maxEntries: 100 })
    const [token = '', ...others] = TOKENS
    cache.keep(entry(token))
    const tail = token.slice(-43)
    // At first it is young; when fifty more have come it is old.
    for (const later of [[], others.slice(0, 50)]) {
      for (const each of later) cache.keep(entry(each))
      for (const other of [tail, `x${token}`, token.slice(1), `${'x'.repeat(token.length - 43)}${tail}`]) {
        expect(cache.find(other)).toBeUndefined()
      }
    }
    expect(cache.find(token)).toBeDefined()
  })

  it('holds one token per tail', () => {
    const cache = new TokenCache({ maxBytes: 2 ** 20, maxEntries: 100 })
    const tail = 't'.repeat(43)
    cache.keep(entry(`a${tail}`))
    cache.keep(entry(`b${tail}`))
    expect(cache.find(`a${tail}`)).toBeUndefined()
    expect(cache.find(`b${tail}`)).toBeDefined()
    expect(cache.status().entries).toBe(1)
  })

  it('keeps to its bounds and its counts whatever happens', () => {
    const step = fc.tuple(fc.constantFrom('keep', 'find', 'drop'), fc.nat({ max: 20 }))
    const bounds = fc.record({ maxBytes: fc.nat({ max: 60_000 }), maxEntries: fc.nat({ max: 12 }) })
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 200, size: 'max' }), (limits, steps) => {
        const cache = new TokenCache(limits)
        let finds = 0
        for (const [verb, which] of steps) {
          const token = TOKENS[which] ?? ''
          if (verb === 'keep') cache.keep(entry(token))
          else if (verb === 'drop') cache.drop(token)
          else {
            cache.find(token)
            finds++
          }
          const { entries, bytes } = cache.status()
          expect(entries).toBeLessThanOrEqual(limits.maxEntries)
          expect(bytes).toBeLessThanOrEqual(limits.maxBytes)
          expect(bytes >= entries * 1024).toBe(true)
        }
        const { hits, misses } = cache.status()
        expect(hits + misses).toBe(finds)
        for (const token of TOKENS) cache.drop(token)
        expect(cache.status()).toMatchObject({ entries: 0, bytes: 0 })
      }),
    )
  })

  it('keeps what is used, and lets go what is not', () => {
    const cache = new TokenCache({ maxBytes: 2 ** 24, maxEntries: 10 })
    const [used = '', unused = '', ...others] = TOKENS
    cache.keep(entry(used))
    cache.keep(entry(unused))
    for (const token of others) {
      cache.keep(entry(token))
      expect(cache.find(used)).toBeDefined()
    }
    expect(cache.find(unused)).toBeUndefined()
    expect(cache.status().evicted).toBeGreaterThan(40)
  })

  it('counts large claims as what they take', () => {
    const cache = new TokenCache({ maxBytes: 2 ** 24, maxEntries: 10 })
    cache.keep(entry('a'.repeat(600)))
    const plain = cache.status().bytes
    cache.keep(entry('b'.repeat(600), { x: Array.from({ length: 100 }, () => ({ y: [] })) }))
    expect(cache.status().bytes - plain).toBeGreaterThan(plain + 100 * 200)
  })

  it.each([
    { maxBytes: 0, maxEntries: 100 },
    { maxBytes: 2 ** 20, maxEntries: 0 },
  ])('holds nothing where it may not: %j', (bounds) => {
    const cache = new TokenCache(bounds)
    const [token = ''] = TOKENS
    cache.keep(entry(token))
    expect(cache.find(token)).toBeUndefined()
    expect(cache.status()).toMatchObject({ entries: 0, bytes: 0 })
  })
})
