import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJws } from './jws.ts'

const SIGNATURE = Buffer.alloc(64, 7).toString('base64url')

function encode(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url')
}

function withHeader(header: string | Uint8Array): string {
  return `${encode(header)}.e30.${SIGNATURE}`
}

describe('taking a JWS apart', () => {
  it('finds what was put together, and says where the signed part ends', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(text, text, fc.uint8Array(), fc.uint8Array({ maxLength: 100 }), (alg, kid, payload, signature) => {
        const header = encode(JSON.stringify({ alg, kid, typ: 'at+jwt', more: [{}] }))
        const signingInput = `${header}.${encode(payload)}`
        const jws = parseJws(`${signingInput}.${encode(signature)}`)
        // A lone surrogate has no UTF-8: Buffer writes U+FFFD in its place.
        const written = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string; kid: string }
        expect(jws?.header).toEqual({ alg: written.alg, kid: written.kid, typ: 'at+jwt' })
        expect([jws?.signingInput, [...(jws?.payload ?? [])]]).toEqual([signingInput, [...payload]])
        expect([...(jws?.signature ?? [])]).toEqual([...signature])
      }),
    )
  })

  it('never throws, whatever the text is', () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.json().map(encode))
    fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (parts) => void parseJws(parts.join('.'))))
  })

  it.each([
    ['nothing', ''],
    ['one part', 'e30'],
    ['two parts', `${encode('{"alg":"EdDSA"}')}.e30`],
    ['four parts', `${withHeader('{"alg":"EdDSA"}')}.`],
    ['five parts, as an encrypted token has', `${encode('{"alg":"dir","enc":"A256GCM"}')}....`],
    ['dots', '..'],
    [
      'the JSON serialization',
      JSON.stringify({ payload: 'e30', protected: encode('{"alg":"EdDSA"}'), signature: SIGNATURE }),
    ],
  ])('RFC 8725 3.3 RFC 8725 bis J15 refuses %s', (_, text) => {
    expect(parseJws(text)).toBeUndefined()
  })

  it.each([
    ['no alg', '{}'],
    ['an alg that is no text', '{"alg":["EdDSA"]}'],
    ['a kid that is no text', '{"alg":"EdDSA","kid":1}'],
    ['a typ that is no text', '{"alg":"EdDSA","typ":null}'],
    ['crit with an unknown extension', '{"alg":"EdDSA","crit":["x"],"x":1}'],
    ['crit with nothing in it', '{"alg":"EdDSA","crit":[]}'],
    ['crit with exp', '{"alg":"EdDSA","crit":["exp"],"exp":1}'],
    ['b64 false', '{"alg":"EdDSA","b64":false,"crit":["b64"]}'],
    ['b64 false that is not critical', '{"alg":"EdDSA","b64":false}'],
    ['alg twice', '{"alg":"none","alg":"EdDSA"}'],
    ['alg twice, once escaped', String.raw`{"alg":"none","\u0061lg":"EdDSA"}`],
    ['doubled members at depth', '{"alg":"EdDSA","x":[{"a":1,"a":1}]}'],
    ['no object', '["EdDSA"]'],
    ['a byte order mark', '\uFEFF{"alg":"EdDSA"}'],
    ['bytes that are not UTF-8', Uint8Array.of(...Buffer.from('{"alg":"EdDSA","x":"'), 0xc0, 0xaf, 0x22, 0x7d)],
  ])('refuses a header with %s', (_, header) => {
    expect(parseJws(withHeader('{"alg":"EdDSA"}'))).toBeDefined()
    expect(parseJws(withHeader(header))).toBeUndefined()
  })

  it('finds no key, type or algorithm in members named like a prototype', () => {
    const header = '{"alg":"EdDSA","__proto__":{"kid":"evil","typ":"at+jwt","crit":["x"]}}'
    expect(parseJws(withHeader(header))?.header).toEqual({ alg: 'EdDSA', kid: undefined, typ: undefined })
  })

  it('refuses base64url with padding, foreign characters or bits that carry nothing', () => {
    const header = encode('{"alg":"EdDSA" }')
    expect(parseJws(`${header}.e30.AAAA`)).toBeDefined()
    for (const signature of ['AAAA=', 'AA==', 'AAA\n', 'AA A', 'AA+A', 'AA/A', 'AAAB!', 'AB', 'A', 'AAAAA']) {
      expect([signature, parseJws(`${header}.e30.${signature}`)]).toEqual([signature, undefined])
    }
    for (const text of [`${header}=`, ` ${header}`, `${header}\u0141`])
      expect(parseJws(`${text}.e30.AAAA`)).toBeUndefined()
  })

  it('refuses more than 8,192 characters', () => {
    const start = `${encode('{"alg":"EdDSA"}')}.`
    const end = `.${SIGNATURE}`
    const fill = 'A'.repeat(8192 - start.length - end.length)
    expect(parseJws(start + fill + end)).toBeDefined()
    expect(parseJws(`${start}${fill}A${end}`)).toBeUndefined()
  })
})
