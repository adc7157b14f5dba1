import { AuthError } from '@counterfoil/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkStructure, checkText, decodeText } from './json-body.ts'

function fieldRefused(value: unknown): string | undefined {
  try {
    checkText(value)
  } catch (error) {
    if (error instanceof AuthError) return error.field
    throw error
  }
  return 'not refused'
}

describe('the structure of a JSON body', () => {
  it('may be that of any value whose members have different names', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => checkStructure(JSON.stringify(JSON.parse(text)))))
  })

  it.each([
    '{"a":1,"a":2}',
    '[{"b":{"a":1,"x":[{}],"a" :2}}]',
    '{"a":1,"\\u0061":2}',
    '{"":1,"":1}',
    '{"\\"":1,"\\u0022":1}',
  ])('does not hold a member twice: %s', (text) => {
    expect(() => checkStructure(text)).toThrow(AuthError)
  })

  it.each(['{"a":{"a":1},"b":[{"a":1},{"a":1}]}', '{"a":"a","b":"\\"a\\":1"}', '["a","a"]', '{"a":"{","b":"["}'])(
    'may hold a name again elsewhere: %s',
    (text) => {
      expect(() => checkStructure(text)).not.toThrow()
    },
  )

  it('is not deeper than 32 levels', () => {
    expect(() => checkStructure('['.repeat(32) + ']'.repeat(32))).not.toThrow()
    expect(() => checkStructure('['.repeat(33) + ']'.repeat(33))).toThrow(AuthError)
  })
})

describe('the text in a JSON body', () => {
  it.each([
    [{ email: 'a\0b' }, '/email'],
    [{ list: ['fine', { deep: '\ud800' }] }, '/list/1/deep'],
    [{ list: ['\udc00x'] }, '/list/0'],
    [{ 'a\0': 1 }, ''],
    ['\ud83d', ''],
    [{ 'a/b': { '~': '\0' } }, '/a~1b/~0'],
  ])('is whole characters without NUL, else its place is named: %j', (value, field) => {
    expect(fieldRefused(value)).toBe(field)
  })

  it('may be anything else', () => {
    expect(fieldRefused({ a: ['😀', 'ñ', '\t\n', 1, null, true, {}], 키: '값' })).toBe('not refused')
  })

  it('is UTF-8', () => {
    expect(() => decodeText(Uint8Array.of(0x22, 0xc3, 0x28, 0x22))).toThrow(AuthError)
    expect(() => decodeText(Uint8Array.of(0xed, 0xa0, 0x80))).toThrow(AuthError)
    expect(decodeText(Buffer.from('"값"'))).toBe('"값"')
  })
})
