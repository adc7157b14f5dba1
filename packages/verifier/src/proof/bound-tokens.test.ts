import { beforeAll, describe, expect, it } from 'vitest'
import type { Decision, Refused } from '../decision.ts'
import { AUDIENCE, ENGINES, ISSUER, START_SECONDS, StillClock, TestKey } from '../issuer.fixture.ts'
import type { ProofOptions, VerifierOptions } from '../options.ts'
import { createVerifier, type Verifier } from '../verifier.ts'
import { hashOf, TestClient, type Wrong } from './client.fixture.ts'
import { LocalProofMemory, type ProofMemory } from './proof-memory.ts'

const key = new TestKey('EdDSA')
let client: TestClient
let bound: string
beforeAll(() => {
  client = new TestClient()
  bound = key.token({ cnf: { jkt: client.thumbprint } })
})

function verifierOf(proofs?: ProofOptions, more: Partial<VerifierOptions> = {}): Verifier {
  const clock = new StillClock()
  return createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] }, clock, proofs, ...more })
}

function proofOf(token: string, { header, claims }: Wrong = {}): { method: string; url: string; headers: string } {
  const headers = client.prove({ header, claims: { htu: `${AUDIENCE}/cart`, ath: hashOf(token), ...claims } })
  return { method: 'GET', url: '/cart?a=b', headers }
}

function saidBy(decision: Decision): unknown {
  return decision.outcome === 'accepted' ? 'accepted' : decision.reason
}

describe.each(ENGINES)('a token that is bound to a key, by the engine %s', (engine) => {
  it('RFC 9449 7.1 is accepted with a proof of that key, once for each proof', async () => {
    const verifier = verifierOf(undefined, { engine })
    const proof = proofOf(bound)
    expect(saidBy(await verifier.verify(bound, { proof }))).toBe('accepted')
    expect(await verifier.verify(bound, { proof })).toMatchObject({ reason: 'invalid-proof', fault: 'replayed' })
    expect(saidBy(await verifier.verify(bound, { proof: proofOf(bound) }))).toBe('accepted')
    expect(verifier.status().decisions).toMatchObject({ accepted: 2, refused: { 'invalid-proof': 1 } })
  })

  it('RFC 9449 7.2 V10.3.5 is refused as a bearer token, seen before or not', async () => {
    const verifier = verifierOf(undefined, { engine })
    expect(saidBy(await verifier.verify(bound))).toBe('bound')
    expect(saidBy(await verifier.verify(bound, { proof: proofOf(bound) }))).toBe('accepted')
    expect(saidBy(await verifier.verify(bound))).toBe('bound')
    expect(saidBy(await verifier.verify(bound, { onStale: 'accept' }))).toBe('bound')
  })

  it('RFC 9449 7.1 one that is bound to none is refused with a proof', async () => {
    const verifier = verifierOf(undefined, { engine })
    const token = key.token()
    expect(saidBy(await verifier.verify(token, { proof: proofOf(token) }))).toBe('unbound')
    expect(saidBy(await verifier.verify(token))).toBe('accepted')
  })

  it('is refused before its proof is looked at when it is itself no good', async () => {
    const verifier = verifierOf(undefined, { engine })
    const expired = key.token({ exp: START_SECONDS - 60, cnf: { jkt: client.thumbprint } })
    const proof = proofOf(expired)
    expect(saidBy(await verifier.verify(expired, { proof }))).toBe('expired')
    expect(saidBy(await verifier.verify('nonsense', { proof }))).toBe('malformed')
  })
})

describe('a token that is bound to a key', () => {
  it('is decided about at once, as any other', () => {
    expect(verifierOf().verify(bound, { proof: proofOf(bound) })).not.toBeInstanceOf(Promise)
  })

  it.each([
    ['null', null],
    ['a text', 'x'],
    ['no thumbprint', {}],
    ['a thumbprint that is none', { jkt: 'x' }],
    ['something else that binds it', { 'x5t#S256': 'A'.repeat(43) }],
    ['more than the key', { jkt: 'A'.repeat(43), 'x5t#S256': 'A'.repeat(43) }],
  ])('RFC 7800 3.1 in a way that is not known here is refused: %s', async (_title, cnf) => {
    expect(saidBy(await verifierOf().verify(key.token({ cnf })))).toBe('malformed')
  })

  it('RFC 9449 4.3 is refused with a proof for another token, method or service', async () => {
    const verifier = verifierOf()
    const wrong: readonly [string, Wrong][] = [
      ['wrong-token', { claims: { ath: hashOf('other') } }],
      ['wrong-method', { claims: { htm: 'PUT' } }],
      ['wrong-target', { claims: { htu: 'https://other.example.com/cart' } }],
    ]
    for (const [fault, given] of wrong)
      expect(await verifier.verify(bound, { proof: proofOf(bound, given) })).toMatchObject({
        reason: 'invalid-proof',
        fault,
      })
    const none = { ...proofOf(bound), headers: undefined }
    expect(await verifier.verify(bound, { proof: none })).toMatchObject({ reason: 'invalid-proof', fault: 'absent' })
  })

  it('is taken where the service says it is, and nowhere where it says nothing', async () => {
    const elsewhere = verifierOf({ origin: ['http://localhost:4000', 'https://shop.example.com'] })
    const claims = { htu: 'http://localhost:4000/cart' }
    expect(saidBy(await elsewhere.verify(bound, { proof: proofOf(bound, { claims }) }))).toBe('accepted')
    expect(saidBy(await elsewhere.verify(bound, { proof: proofOf(bound) }))).toBe('invalid-proof')
    const named = key.token({ aud: 'orders', cnf: { jkt: client.thumbprint } })
    expect(saidBy(await verifierOf(undefined, { audience: 'orders' }).verify(named, { proof: proofOf(named) }))).toBe(
      'invalid-proof',
    )
  })

  it('V10.3.5 alone is taken where a service takes no bearer tokens', async () => {
    const verifier = verifierOf({ required: true })
    const token = key.token()
    for (const _ of [1, 2])
      expect(await verifier.verify(token)).toMatchObject({ reason: 'invalid-proof', fault: 'absent' })
    expect(saidBy(await verifier.verify(token, { proof: proofOf(token) }))).toBe('unbound')
    expect(saidBy(await verifier.verify(bound))).toBe('bound')
    expect(saidBy(await verifier.verify(bound, { proof: proofOf(bound) }))).toBe('accepted')
    expect(saidBy(await verifier.verify(token, { proof: 'waived' }))).toBe('accepted')
  })

  it('RFC 9449 9 needs a nonce where the service hands them out, and is told which', async () => {
    const verifier = verifierOf({ nonceSecret: new Uint8Array(32).fill(3) })
    const refused = (await verifier.verify(bound, { proof: proofOf(bound) })) as Refused
    expect(refused.reason).toBe('nonce-required')
    const claims = { nonce: refused.nonce }
    expect(saidBy(await verifier.verify(bound, { proof: proofOf(bound, { claims }) }))).toBe('accepted')
  })

  it.each([
    [
      'throws',
      (): never => {
        throw new Error('away')
      },
    ],
    ['rejects', (): Promise<never> => Promise.reject(new Error('away'))],
  ])('RFC 9449 11.1 is neither accepted nor refused when the memory of proofs %s', async (_title, remember) => {
    const verifier = verifierOf({ memory: { remember } })
    const decision = await verifier.verify(bound, { proof: proofOf(bound) })
    expect(decision).toEqual({ outcome: 'unknown', reason: 'proofs-unavailable', retryAfterMs: 1000 })
  })

  it('RFC 9449 11.1 is taken by one of several instances that share a memory', async () => {
    const memory = new LocalProofMemory()
    const proof = proofOf(bound)
    const remember: ProofMemory['remember'] = async (...given) => memory.remember(...given)
    const shared = { remember }
    const instances = [verifierOf({ memory: shared }), verifierOf({ memory: shared })]
    const said = await Promise.all(instances.map(async (each) => saidBy(await each.verify(bound, { proof }))))
    expect(new Set(said)).toEqual(new Set(['accepted', 'invalid-proof']))
  })

  it('is accepted without a proof by who says so, and looks no further', async () => {
    const verifier = verifierOf()
    expect(saidBy(await verifier.verify(bound, { proof: 'waived' }))).toBe('accepted')
    expect(saidBy(await verifier.verify(key.token(), { proof: 'waived' }))).toBe('accepted')
  })

  it.each<[RegExp, ProofOptions]>([
    [/proofs\.origin/, { origin: 'https://orders.example.com/path' }],
    [/proofs\.origin/, { origin: 'http://orders.example.com' }],
    [/proofs\.origin/, { origin: [] }],
    [/proofs\.required/, { required: 'yes' as never }],
    [/proofs\.maxAgeSeconds/, { maxAgeSeconds: 0 }],
    [/proofs\.nonceSecret/, { nonceSecret: new Uint8Array(31) }],
    [/proofs\.memory/, { memory: {} as never }],
    [/there is no option orgin/, { orgin: 'x' } as never],
  ])('is configured as it can mean something: %s', (names, proofs) => {
    expect(() => verifierOf(proofs)).toThrow(names)
  })

  it('is asked about as it can mean something', () => {
    expect(() => verifierOf().verify(bound, { proof: 'none' as never })).toThrow(TypeError)
    expect(() => verifierOf().verify(bound, { proof: { url: '/cart' } as never })).toThrow(TypeError)
  })
})
