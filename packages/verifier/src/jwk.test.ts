import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ALGORITHMS, isJwsAlgorithm } from './algorithms.ts'
import { ENGINES, TestKey } from './issuer.fixture.ts'
import { readPublicKey, type Jwk } from './jwk.ts'
import { readKeyRing } from './key-ring.ts'
import { selectEngine } from './select-engine.ts'

const EDDSA = new TestKey('EdDSA')
const ES256 = new TestKey('ES256')
const RS256 = new TestKey('RS256')
const ALL = Object.keys(ALGORITHMS)
  .filter(isJwsAlgorithm)
  .map((algorithm) => new TestKey(algorithm))

function text(...bytes: number[]): string {
  return Buffer.from(bytes).toString('base64url')
}

function rsa(modulusLength: number): Jwk {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength })
  return { ...publicKey.export({ format: 'jwk' }), kty: 'RSA' }
}

describe('a public key', () => {
  it.each(ALL)('is read for $algorithm', ({ jwk, algorithm, kid }) => {
    expect(readPublicKey(jwk)).toMatchObject({ algorithm, kid })
  })

  it('RFC 8725 3.1 has exactly one algorithm where it names none', () => {
    const derived = ALL.map(({ jwk }) => readPublicKey({ ...jwk, alg: undefined })?.algorithm)
    const rsaKeys = ['RS256', 'RS256', 'RS256', 'RS256', 'RS256', 'RS256']
    expect(derived).toEqual(['EdDSA', 'ES256', 'ES384', 'ES512', ...rsaKeys])
  })

  it('RFC 8725 3.1 is refused for an algorithm that is not of its kind', () => {
    for (const { jwk } of ALL) {
      for (const { algorithm } of ALL) {
        const isOfItsKind = jwk.kty === 'RSA' ? /^[RP]S/.test(algorithm) : algorithm === jwk.alg
        expect([algorithm, readPublicKey({ ...jwk, alg: algorithm }) !== undefined]).toEqual([algorithm, isOfItsKind])
      }
    }
  })

  it.each(['none', 'None', 'HS256', 'RSA-OAEP', 'ECDH-ES', 'ES256K', 'rs256', '__proto__', 'toString', ''])(
    'V9.1.2 is refused for the algorithm %j',
    (alg) => {
      for (const { jwk } of [EDDSA, ES256, RS256]) expect(readPublicKey({ ...jwk, alg })).toBeUndefined()
    },
  )

  it('is refused with private members', () => {
    for (const { privateJwk } of ALL) expect(readPublicKey(privateJwk)).toBeUndefined()
    // Some platforms export a public key with its private members there, and undefined.
    expect(readPublicKey({ ...EDDSA.jwk, d: undefined })).toBeDefined()
  })

  it('RFC 8725 3.5 is refused when it is symmetric', () => {
    const k = text(...Buffer.alloc(32, 7))
    expect(readPublicKey({ kty: 'oct', k, alg: 'HS256' })).toBeUndefined()
    expect(readPublicKey({ kty: 'oct', k })).toBeUndefined()
    expect(readPublicKey({ ...RS256.jwk, k })).toBeUndefined()
  })

  it('is refused for another use than signatures', () => {
    const others: object[] = [
      { use: 'enc' },
      { use: 1 },
      { key_ops: [] },
      { key_ops: ['encrypt'] },
      { key_ops: 'verify' },
    ]
    for (const other of others) expect(readPublicKey({ ...RS256.jwk, ...other })).toBeUndefined()
    expect(readPublicKey({ ...RS256.jwk, use: undefined, key_ops: ['verify'] })).toBeDefined()
  })

  it('RFC 8725 3.4 is refused when anybody could sign for it', () => {
    expect(readPublicKey({ ...EDDSA.jwk, x: text(1, ...Buffer.alloc(31)) })).toBeUndefined()
  })

  it('RFC 7518 3.3 is refused below 2048 bits, zeros before them not counted', () => {
    const small = rsa(1024)
    const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(small.n ?? '', 'base64url')])
    expect(readPublicKey(small)).toBeUndefined()
    expect(readPublicKey({ ...small, n: padded.toString('base64url') })).toBeUndefined()
    expect(readPublicKey(rsa(2040))).toBeUndefined()
    expect(readPublicKey(rsa(3072))).toMatchObject({ signatureBytes: 384 })
  })

  it('is refused with an RSA exponent that makes everything a signature, or that is even or huge', () => {
    const exponents = [[1], [0, 1], [0], [2], [1, 0, 0], [1, 0, 0, 0, 1]]
    for (const e of exponents) expect(readPublicKey({ ...RS256.jwk, e: text(...e) })).toBeUndefined()
  })

  it('is refused when a part is missing, of another type, not canonical or not of full size', () => {
    const broken: [TestKey, object][] = [
      [EDDSA, { x: undefined }],
      [EDDSA, { x: 7 }],
      [EDDSA, { x: `${EDDSA.jwk.x ?? ''}A` }],
      [EDDSA, { x: `${EDDSA.jwk.x ?? ''}=` }],
      [EDDSA, { crv: 'Ed448' }],
      [EDDSA, { crv: 'X25519' }],
      [ES256, { x: text(1) }],
      [ES256, { y: undefined }],
      [ES256, { y: text(...Buffer.alloc(33)) }],
      [ES256, { crv: 'secp256k1' }],
      [ES256, { crv: 'P-384' }],
      [RS256, { n: undefined }],
      [RS256, { n: `${RS256.jwk.n ?? ''}\n` }],
      [RS256, { e: undefined }],
      [RS256, { e: 65537 }],
      [RS256, { kid: 1 }],
      [RS256, { kty: 'rsa' }],
    ]
    for (const [{ jwk }, change] of broken)
      expect([change, readPublicKey({ ...jwk, ...change })]).toEqual([change, undefined])
  })

  it.each([null, undefined, 1, 'key', [], {}, { kty: 'RSA' }, { kty: '__proto__' }])(
    'is refused when it is %j',
    (jwk) => {
      expect(readPublicKey(jwk)).toBeUndefined()
    },
  )
})

describe.each(ENGINES)('a ring of keys (%s)', (engineName) => {
  const engine = selectEngine(engineName)

  it('RFC 8725 3.4 holds no key whose point is not on its curve', async () => {
    const y = Buffer.from(ES256.jwk.y ?? '', 'base64url')
    y.writeUInt8(y.readUInt8(31) ^ 1, 31)
    const offCurve = { ...ES256.jwk, y: y.toString('base64url') }
    const ring = await readKeyRing([offCurve], engine)
    expect([ring.size, ring.skipped]).toEqual([0, 1])
  })

  it('skips what it cannot use and keeps the rest', async () => {
    const set = [null, { kty: 'oct', k: 'AA' }, EDDSA.privateJwk, ES256.jwk, { ...RS256.jwk, use: 'enc' }]
    const ring = await readKeyRing({ keys: set }, engine)
    expect([ring.size, ring.skipped]).toEqual([1, 4])
    expect(ring.select('ES256')).toMatchObject({ algorithm: 'ES256' })
  })

  it('wants a kid unless it holds one key, and takes no other kid for that key', async () => {
    const one = await readKeyRing([EDDSA.jwk], engine)
    const two = await readKeyRing([EDDSA.jwk, ES256.jwk], engine)
    expect(one.select(undefined)).toBe(one.select('EdDSA'))
    expect(one.select('other')).toBeUndefined()
    expect(two.select(undefined)).toBeUndefined()
    expect(two.select('__proto__')).toBeUndefined()
  })

  it('knows a key without a kid only where it is alone', async () => {
    const unnamed = { ...EDDSA.jwk, kid: undefined }
    const alone = await readKeyRing([unnamed], engine)
    expect(alone.select('any')).toBeDefined()
    expect(alone.select(undefined)).toBeDefined()
    const ring = await readKeyRing([unnamed, ES256.jwk], engine)
    expect([ring.size, ring.skipped, ring.select('any')]).toEqual([1, 1, undefined])
  })

  it('trusts neither of two keys under one name, and counts one key given twice once', async () => {
    const twins = await readKeyRing([EDDSA.jwk, { ...ES256.jwk, kid: EDDSA.kid }, RS256.jwk], engine)
    expect([twins.size, twins.skipped, twins.select(EDDSA.kid)]).toEqual([1, 2, undefined])
    const twice = await readKeyRing([EDDSA.jwk, { ...EDDSA.jwk }], engine)
    expect([twice.size, twice.skipped]).toEqual([1, 1])
  })

  it('takes keys that have not changed from the ring before', async () => {
    const before = await readKeyRing([EDDSA.jwk, ES256.jwk], engine)
    const after = await readKeyRing([{ ...EDDSA.jwk }, { ...RS256.jwk, kid: 'ES256' }], engine, before)
    expect(after.select('EdDSA')).toBe(before.select('EdDSA'))
    expect(after.select('ES256')).not.toBe(before.select('ES256'))
  })

  it.each([null, undefined, 1, {}, { keys: {} }, 'keys'])('is not made of %j', (set) => {
    expect(() => readKeyRing(set, engine)).toThrow(TypeError)
  })
})
