import { describe, expect, it } from 'vitest'
import { isSoundEd25519Point } from './ed25519-point.ts'
import { TestKey } from './issuer.fixture.ts'

// The points of small order, and the non-canonical texts of some of them, as y in little-endian bytes without the sign.
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

function withSign(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => (at === 31 ? byte ^ 0x80 : byte))
}

describe('a point of Ed25519', () => {
  it('is sound when a key generator made it, under either sign', () => {
    for (let round = 0; round < 10; round++) {
      const bytes = Buffer.from(new TestKey('EdDSA').jwk.x ?? '', 'base64url')
      expect(isSoundEd25519Point(bytes)).toBe(true)
      expect(isSoundEd25519Point(withSign(bytes))).toBe(true)
    }
  })

  it('is sound in the first test of RFC 8032 7.1', () => {
    const key = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')
    expect(isSoundEd25519Point(key)).toBe(true)
  })

  it.each(SMALL_ORDER)('RFC 8725 3.4 is refused when it is of small order: %s', (hex) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(isSoundEd25519Point(bytes)).toBe(false)
    expect(isSoundEd25519Point(withSign(bytes))).toBe(false)
  })

  it('RFC 8032 5.1.3 is refused when its y is not reduced, so that each point has one text', () => {
    const reduced = Array.from({ length: 19 }, (_, y) => Uint8Array.of(y, ...new Uint8Array(31)))
    const unreduced = reduced.map(([y = 0]) => Uint8Array.of(0xed + y, ...Buffer.alloc(30, 0xff), 0x7f))
    expect(reduced.filter(isSoundEd25519Point).length).toBeGreaterThan(3)
    expect(unreduced.filter(isSoundEd25519Point)).toEqual([])
  })

  it('RFC 8725 3.4 is refused when it is not on the curve', () => {
    const isOn = Array.from({ length: 64 }, (_, y) => isSoundEd25519Point(Uint8Array.of(y + 2, ...new Uint8Array(31))))
    expect(isOn.filter(Boolean).length).toBeGreaterThan(16)
    expect(isOn.filter((each) => !each).length).toBeGreaterThan(16)
    // y = 2 has no x; RFC 8032 5.1.3 step 2.
    expect(isOn[0]).toBe(false)
  })
})
