import { describe, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, TestKey } from './issuer.fixture.ts'
import type { VerifierOptions } from './options.ts'
import { createVerifier } from './verifier.ts'

const GOOD = { issuer: ISSUER, audience: AUDIENCE }

/** What no type lets through, a program without types may still pass. */
function make(options: object): unknown {
  return createVerifier(options as VerifierOptions)
}

describe('the options of a verifier', () => {
  it.each<object>([
    GOOD,
    { ...GOOD, issuer: 'http://localhost:8080' },
    { ...GOOD, issuer: 'http://127.0.0.1:8080/auth' },
    { ...GOOD, issuer: 'http://[::1]/' },
    { ...GOOD, audience: [AUDIENCE, 'b'] },
    { ...GOOD, algorithms: ['PS256'] },
    { ...GOOD, jwks: {} },
    { ...GOOD, issuerAddress: 'http://localhost:7500/' },
    { ...GOOD, jwks: { uri: 'https://keys.example.com/jwks', maxAgeSeconds: 60, staleIfErrorSeconds: 0 } },
    { ...GOOD, jwks: { keys: [new TestKey('EdDSA').jwk] } },
    { ...GOOD, jwks: { keys: () => [] } },
    { ...GOOD, leewaySeconds: 0, cache: { maxBytes: 0 }, clock: Date, engine: 'web' },
    { ...GOOD, leewaySeconds: undefined, cache: undefined, clock: undefined, fetch: undefined, jwks: undefined },
  ])('are taken when they are right: %j', (options) => {
    expect(() => make(options)).not.toThrow()
  })

  it.each<[string, object]>([
    ['issuer', { audience: AUDIENCE }],
    ['issuer', { ...GOOD, issuer: 'auth.example.com' }],
    ['issuer', { ...GOOD, issuer: 'http://auth.example.com' }],
    ['issuer', { ...GOOD, issuer: 'http://localhost.example.com' }],
    ['issuer', { ...GOOD, issuer: 'http://127.0.0.1.example.com' }],
    ['issuer', { ...GOOD, issuer: 'ftp://localhost' }],
    ['issuer', { ...GOOD, issuer: `${ISSUER}?x=1` }],
    ['issuer', { ...GOOD, issuer: `${ISSUER}#x` }],
    ['issuer', { ...GOOD, issuer: ` ${ISSUER}` }],
    ['issuer', { ...GOOD, issuer: 'https://user:password@auth.example.com' }],
    ['issuer', { ...GOOD, issuer: new URL(ISSUER) }],
    ['audience', { issuer: ISSUER }],
    ['audience', { ...GOOD, audience: '' }],
    ['audience', { ...GOOD, audience: [] }],
    ['audience', { ...GOOD, audience: [AUDIENCE, ''] }],
    ['audience', { ...GOOD, audience: [AUDIENCE, 1] }],
    ['algorithms', { ...GOOD, algorithms: [] }],
    ['algorithms', { ...GOOD, algorithms: 'EdDSA' }],
    ['algorithms', { ...GOOD, algorithms: ['EdDSA', 'none'] }],
    ['algorithms', { ...GOOD, algorithms: ['HS256'] }],
    ['leewaySeconds', { ...GOOD, leewaySeconds: -1 }],
    ['leewaySeconds', { ...GOOD, leewaySeconds: NaN }],
    ['leewaySeconds', { ...GOOD, leewaySeconds: Infinity }],
    ['leewaySeconds', { ...GOOD, leewaySeconds: '5' }],
    ['cache', { ...GOOD, cache: false }],
    ['cache.maxBytes', { ...GOOD, cache: { maxBytes: -1 } }],
    ['cache.maxEntries', { ...GOOD, cache: { maxEntries: '1' } }],
    ['maxAge', { ...GOOD, cache: { maxAge: 1 } }],
    ['clock', { ...GOOD, clock: {} }],
    ['clock', { ...GOOD, clock: null }],
    ['fetch', { ...GOOD, fetch: 'fetch' }],
    ['fetch', { ...GOOD, fetch, jwks: { keys: [] } }],
    ['engine', { ...GOOD, engine: 'bun' }],
    ['jwks', { ...GOOD, jwks: null }],
    ['jwks', { ...GOOD, jwks: [] }],
    ['jwks', { ...GOOD, jwks: 'https://keys.example.com/jwks' }],
    ['jwks.keys', { ...GOOD, jwks: { keys: {} } }],
    ['jwks.uri', { ...GOOD, jwks: { uri: 'http://keys.example.com/jwks' } }],
    ['jwks.uri', { ...GOOD, jwks: { uri: '/jwks' } }],
    ['issuerAddress', { ...GOOD, issuerAddress: 'http://10.0.0.1' }],
    ['issuerAddress', { ...GOOD, issuerAddress: 'https://auth.internal/?a' }],
    ['jwks.maxAgeSeconds', { ...GOOD, jwks: { maxAgeSeconds: 0 } }],
    ['jwks.cooldownSeconds', { ...GOOD, jwks: { cooldownSeconds: 0 } }],
    ['jwks.staleIfErrorSeconds', { ...GOOD, jwks: { staleIfErrorSeconds: -1 } }],
    ['jwks.timeoutMs', { ...GOOD, jwks: { timeoutMs: 0 } }],
    ['jwks.maxBytes', { ...GOOD, jwks: { maxBytes: 0 } }],
    ['maxAge', { ...GOOD, jwks: { maxAge: 60 } }],
    ['maxAgeSeconds', { ...GOOD, jwks: { keys: [], maxAgeSeconds: 60 } }],
    ['isuer', { ...GOOD, isuer: ISSUER }],
    ['feed', { ...GOOD, feed: true }],
    ['feed.key', { ...GOOD, feed: {} }],
    ['feed.key', { ...GOOD, feed: { key: 'two words' } }],
    ['feed.mode', { ...GOOD, feed: { key: 'k', mode: 'sometimes' } }],
    ['feed.timeoutMs', { ...GOOD, feed: { key: 'k', timeoutMs: 0 } }],
    ['feed.maxRecords', { ...GOOD, feed: { key: 'k', maxRecords: -1 } }],
    ['feed.onEvent', { ...GOOD, feed: { key: 'k', onEvent: 1 } }],
    ['lease', { ...GOOD, feed: { key: 'k', lease: 1 } }],
    ['onStale', { ...GOOD, onStale: 'ignore' }],
  ])('are refused with a TypeError that names %s: %j', (name, options) => {
    expect(() => make(options)).toThrow(TypeError)
    expect(() => make(options)).toThrow(new RegExp(`\\b${name.replace('.', '\\.')}\\b`))
  })
})
