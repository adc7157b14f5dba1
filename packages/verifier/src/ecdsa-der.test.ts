import { generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEcdsaDer } from './ecdsa-der.ts'

/** r and s as OpenSSL reads them: an independent reader of DER. */
function readDer(der: Uint8Array): { r: bigint; s: bigint } {
  const body = der[1] === 0x81 ? 3 : 2
  expect(der[0]).toBe(0x30)
  expect(der[body - 1]).toBe(der.length - body)
  const integers: bigint[] = []
  let at = body
  while (at < der.length) {
    expect(der[at]).toBe(2)
    const length = der[at + 1] ?? 0
    const bytes = der.subarray(at + 2, at + 2 + length)
    const isMinimal = length === 1 || bytes[0] !== 0 || (bytes[1] ?? 0) >= 0x80
    expect({ isMinimal, isNegative: (bytes[0] ?? 0) >= 0x80 }).toEqual({ isMinimal: true, isNegative: false })
    integers.push(BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
    at += 2 + length
  }
  const [r = -1n, s = -1n, ...more] = integers
  expect(more).toEqual([])
  return { r, s }
}

describe('ECDSA signatures in DER', () => {
  it.each([32, 48, 66])('carry the same two integers of %i bytes, in minimal form', (size) => {
    const half = fc.oneof(
      fc.uint8Array({ minLength: size, maxLength: size }),
      fc.nat({ max: 300 }).map((value) => {
        const bytes = new Uint8Array(size)
        new DataView(bytes.buffer).setUint16(size - 2, value)
        return bytes
      }),
    )
    fc.assert(
      fc.property(half, half, (first, second) => {
        const { r, s } = readDer(encodeEcdsaDer(Uint8Array.of(...first, ...second)))
        expect(r).toBe(BigInt(`0x${Buffer.from(first).toString('hex')}`))
        expect(s).toBe(BigInt(`0x${Buffer.from(second).toString('hex')}`))
      }),
    )
  })

  it.each([
    ['P-256', 'sha256'],
    ['P-384', 'sha384'],
    ['P-521', 'sha512'],
  ])('verify as the signatures on %s that they were', (namedCurve, hash) => {
    const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve })
    for (let message = 0; message < 100; message++) {
      const data = Buffer.from(String(message))
      const der = encodeEcdsaDer(sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }))
      expect(verify(hash, data, publicKey, der)).toBe(true)
    }
  })
})
