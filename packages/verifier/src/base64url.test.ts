import { decodeBase64url } from '@counterfoil/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeWithBuffer } from './base64url.ts'

function bytesOf(decoded: Uint8Array | undefined): number[] | undefined {
  return decoded && [...decoded]
}

describe('canonical base64url', () => {
  const nearly = fc.string({
    unit: fc.constantFrom(...Array.from('ABQgwxyz019-_+/= .\n\u0141\u{1F511}')),
    maxLength: 12,
  })

  it('Node’s decoder and the protocol’s take the same texts and find the same bytes', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        expect(bytesOf(decodeWithBuffer(text))).toEqual(bytesOf(decodeBase64url(text)))
      }),
      { numRuns: 500 },
    )
  })

  it('of all texts of some bytes takes only one', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url')
        expect(bytesOf(decodeWithBuffer(text))).toEqual([...bytes])
        for (const other of [`${text}=`, `${text}\n`, ` ${text}`, `${text}!`]) {
          expect(decodeWithBuffer(other)).toBeUndefined()
        }
      }),
    )
  })
})
