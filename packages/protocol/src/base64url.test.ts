import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from './base64url.ts'

const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 5000, maxLength: 7000 }))

it('writes what the platform writes', () => {
  fc.assert(fc.property(bytes, (some) => encodeBase64url(some) === Buffer.from(some).toString('base64url')))
})

it('reads back what it wrote', () => {
  fc.assert(
    fc.property(bytes, (some) => {
      expect(decodeBase64url(encodeBase64url(some))).toEqual(some)
    }),
  )
})

it('takes no text but the canonical one of some bytes', () => {
  const texts = fc.oneof(fc.string({ maxLength: 40 }), fc.stringMatching(/^[A-Za-z0-9_\-+/=]{0,40}$/))
  fc.assert(
    fc.property(texts, (text) => {
      const read = decodeBase64url(text)
      expect(read === undefined || encodeBase64url(read) === text).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

it.each(['A', 'AB', 'AAB', 'AA==', 'AA\n', 'A A', 'éA', 'AA\u0000', '++', '//'])('refuses %j', (text) => {
  expect(decodeBase64url(text)).toBeUndefined()
})
