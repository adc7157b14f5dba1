import { constants, createHmac, createPrivateKey, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ALGORITHMS, isJwsAlgorithm } from './algorithms.ts'
import { ENGINES, TestKey } from './issuer.fixture.ts'
import { verifyJws } from './verify-jws.ts'

const KEYS = Object.keys(ALGORITHMS)
  .filter(isJwsAlgorithm)
  .map((algorithm) => new TestKey(algorithm))
const SET = { keys: KEYS.map(({ jwk }) => jwk) }
const REFUSED = { outcome: 'refused', reason: 'untrusted' }

describe.each(ENGINES)('verifying a JWS (%s)', (engine) => {
  it.each(KEYS)('accepts $algorithm and hands out header and payload', async (key) => {
    const bytes = Uint8Array.of(0, 255, 128)
    const jws = key.signParts(
      Buffer.from(JSON.stringify({ alg: key.algorithm, kid: key.kid })).toString('base64url'),
      Buffer.from(bytes).toString('base64url'),
    )
    const result = await verifyJws(jws, SET, { engine })
    expect(result).toEqual({
      outcome: 'verified',
      header: { alg: key.algorithm, kid: key.kid, typ: undefined },
      payload: bytes,
    })
  })

  it.each(KEYS)('refuses $algorithm when any part is changed, cut or lengthened', async (key) => {
    const jws = key.sign({ alg: key.algorithm, kid: key.kid }, { a: 1 })
    const [header = '', , signature = ''] = jws.split('.')
    const bytes = Buffer.from(signature, 'base64url')
    const signatures = [
      bytes.subarray(1),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.concat([Buffer.of(0), bytes]),
      Buffer.alloc(bytes.length),
      Buffer.alloc(bytes.length, 255),
      Buffer.alloc(0),
    ].map((each) => each.toString('base64url'))
    for (const other of signatures) {
      const forged = `${jws.slice(0, -signature.length)}${other}`
      expect(await verifyJws(forged, SET, { engine })).toEqual(REFUSED)
    }
    expect(await verifyJws(`${header}.e30.${signature}`, SET, { engine })).toEqual(REFUSED)
  })

  it('RFC 8725 3.1 tries a key with no algorithm but its own', async () => {
    for (const key of KEYS) {
      for (const { algorithm } of KEYS.filter((other) => other !== key)) {
        const jws = key.sign({ alg: algorithm, kid: key.kid }, {})
        expect(await verifyJws(jws, SET, { engine })).toEqual(REFUSED)
      }
    }
  })

  it.each(['none', 'nOnE', 'None', 'NONE', ''])(
    'RFC 8725 3.1 bis RFC 8725 3.2 refuses alg %j, with or without a signature',
    async (alg) => {
      for (const key of KEYS) {
        const jws = key.sign({ alg, kid: key.kid }, {})
        expect(await verifyJws(jws, SET, { engine })).toEqual(REFUSED)
        expect(await verifyJws(jws.slice(0, jws.lastIndexOf('.') + 1), SET, { engine })).toEqual(REFUSED)
      }
    },
  )

  it('V9.1.2 refuses a MAC made with the text of a public key', async () => {
    for (const { jwk, kid } of KEYS) {
      for (const secret of [JSON.stringify(jwk), jwk.x ?? jwk.n ?? '']) {
        const signed = [{ alg: 'HS256', kid }, {}]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.')
        const mac = createHmac('sha256', secret).update(signed).digest('base64url')
        expect(await verifyJws(`${signed}.${mac}`, SET, { engine })).toEqual(REFUSED)
      }
    }
  })

  it('V9.1.2 uses only the algorithms that the caller allows', async () => {
    for (const key of KEYS) {
      const jws = key.sign({ alg: key.algorithm, kid: key.kid }, {})
      const others = KEYS.map(({ algorithm }) => algorithm).filter((algorithm) => algorithm !== key.algorithm)
      expect(await verifyJws(jws, SET, { engine, algorithms: others })).toEqual(REFUSED)
      expect(await verifyJws(jws, SET, { engine, algorithms: [key.algorithm] })).toMatchObject({ outcome: 'verified' })
    }
  })

  it('refuses a payload that is not canonical base64url, even signed', async () => {
    const [key] = KEYS
    const header = Buffer.from('{"alg":"EdDSA"}').toString('base64url')
    for (const payload of ['AB', 'A', 'AA==', 'AA A']) {
      const jws = key?.signParts(header, payload) ?? ''
      expect(await verifyJws(jws, [SET.keys[0] ?? { kty: '' }], { engine })).toEqual({
        outcome: 'refused',
        reason: 'malformed',
      })
    }
  })

  it('RFC 7518 3.5 refuses a PSS signature whose salt is not as long as its hash', async () => {
    const pss = new TestKey('PS256')
    const key = createPrivateKey({ key: { ...pss.privateJwk }, format: 'jwk' })
    const signed = `${Buffer.from('{"alg":"PS256","kid":"PS256"}').toString('base64url')}.e30`
    for (const saltLength of [0, 20, 31, 32, 33, 64]) {
      const padded = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
      const jws = `${signed}.${sign('sha256', Buffer.from(signed), padded).toString('base64url')}`
      const { outcome } = await verifyJws(jws, [pss.jwk], { engine })
      expect([saltLength, outcome]).toEqual([saltLength, saltLength === 32 ? 'verified' : 'refused'])
    }
  })

  it('RFC 8032 5.1.7 refuses an EdDSA signature whose second half is not reduced', async () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const jws = KEYS[0]?.sign({ alg: 'EdDSA', kid: 'EdDSA' }, {}) ?? ''
    const dot = jws.lastIndexOf('.') + 1
    const signature = Buffer.from(jws.slice(dot), 'base64url')
    const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`) + order
    const malleated = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').toReversed()
    const forged = jws.slice(0, dot) + Buffer.concat([signature.subarray(0, 32), malleated]).toString('base64url')
    expect(await verifyJws(forged, SET, { engine })).toEqual(REFUSED)
  })
})
