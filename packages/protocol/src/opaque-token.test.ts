import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeBase64url } from './base64url.ts'
import type { SessionId } from './ids.ts'
import { layOutOpaqueToken, opaqueTokenKind, readOpaqueToken, writeOpaqueToken } from './opaque-token.ts'

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const tokens = fc.record({
  kind: fc.constantFrom('refresh', 'session'),
  keyNumber: fc.integer({ min: 0, max: 255 }),
  sessionId: bytesOf(16).map((id) => encodeBase64url(id) as SessionId),
  generation: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
})

it('an opaque token reads back as it was written', () => {
  fc.assert(
    fc.property(tokens, bytesOf(32), (token, tag) => {
      const signed = layOutOpaqueToken(token)
      expect(readOpaqueToken(writeOpaqueToken(token.kind, signed, tag))).toEqual({ token, signed, tag })
    }),
  )
})

it('an opaque token has exactly one text', () => {
  fc.assert(
    fc.property(
      tokens,
      bytesOf(32),
      fc.nat(),
      fc.string({ minLength: 1, maxLength: 1 }),
      (token, tag, place, other) => {
        const text = writeOpaqueToken(token.kind, layOutOpaqueToken(token), tag)
        const at = place % text.length
        const changed = text.slice(0, at) + other + text.slice(at + 1)
        const read = readOpaqueToken(changed)
        expect(
          changed === text ||
            read === undefined ||
            writeOpaqueToken(read.token.kind, read.signed, read.tag) === changed,
        ).toBe(true)
      },
    ),
    { numRuns: 1000 },
  )
})

it('the layout is the one that rotation tables are written for: format, key number, session id, generation', () => {
  const signed = layOutOpaqueToken({
    kind: 'session',
    keyNumber: 7,
    sessionId: 'AAAAAAAAAAAAAAAAAAAAAQ' as SessionId,
    generation: 258,
  })
  expect([...signed]).toEqual([1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2])
  expect(writeOpaqueToken('session', signed, new Uint8Array(32))).toHaveLength(76)
})

it('what is truncated, lengthened, of another format or of no kind is no opaque token', () => {
  const signed = layOutOpaqueToken({
    kind: 'refresh',
    keyNumber: 0,
    sessionId: 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId,
    generation: 0,
  })
  const text = writeOpaqueToken('refresh', signed, new Uint8Array(32))
  const foreign = writeOpaqueToken(
    'refresh',
    Uint8Array.from(signed, (byte, at) => (at === 0 ? 2 : byte)),
    new Uint8Array(32),
  )
  for (const bad of [
    text.slice(0, -1),
    `${text}A`,
    text.slice(4),
    `cfx_${text.slice(4)}`,
    `${text} `,
    foreign,
    '',
    'cfr_',
  ])
    expect(readOpaqueToken(bad)).toBeUndefined()
  expect(opaqueTokenKind('eyJhbGciOiJFZERTQSJ9.e30.AA')).toBeUndefined()
})
