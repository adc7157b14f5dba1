import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonObject } from './strict-json.ts'

function parse(json: string): unknown {
  return parseJsonObject(Buffer.from(json))?.object
}

/** Writes a text of JSON with every character escaped, which means the same. */
function escapeAll(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, '0'))
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`
}

const jsonObject = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())

describe('strict JSON', () => {
  it('takes every object that JSON.stringify makes, and reads what was written', () => {
    fc.assert(
      fc.property(jsonObject, fc.constantFrom(undefined, 1, '\t'), (object, space) => {
        const json = JSON.stringify(object, undefined, space)
        expect(parse(json)).toEqual(JSON.parse(json))
      }),
    )
  })

  it('refuses two members of one name at any depth, however they are escaped', () => {
    const wrap = fc.constantFrom<(json: string) => string>(
      (json) => json,
      (json) => `{"in":${json}}`,
      (json) => `{"in":[1,{"deeper":[${json}]}]}`,
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.jsonValue(), wrap, (name, other, value, nest) => {
        const json = JSON.stringify(value)
        const plain = JSON.stringify(name)
        const single = nest(`{${plain}:${json}}`)
        expect(parse(single)).toEqual(JSON.parse(single))
        for (const second of [plain, escapeAll(name)]) {
          expect(parse(nest(`{${plain}:${json},${second}:0}`))).toBeUndefined()
          expect(parse(nest(`{${plain}:${json},${JSON.stringify(`${name}${other}x`)}:0,${second}:0}`))).toBeUndefined()
        }
      }),
    )
  })

  it('never throws, whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseJsonObject(bytes)))
  })

  it('RFC 8725 3.7 refuses what is not UTF-8, and a byte order mark', () => {
    expect(parseJsonObject(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toBeUndefined()
    expect(parseJsonObject(Buffer.from('{"a":1}', 'utf16le'))).toBeUndefined()
    expect(parse('\uFEFF{"a":1}')).toBeUndefined()
    expect(parse('{"a":1}')).toEqual({ a: 1 })
  })

  it.each(['', 'null', '1', '"a"', '[]', '[{}]', '{', '{"a":1}x', "{'a':1}", '{"a":NaN}', '{"a":1,}', '{a:1}'])(
    'refuses %j, which is no JSON object',
    (json) => {
      expect(parse(json)).toBeUndefined()
    },
  )

  it('keeps members named like those of a prototype as plain members', () => {
    const object = parse('{"__proto__":{"isAdmin":true},"constructor":1,"toString":2}')
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect(object).not.toHaveProperty('isAdmin')
    expect(Object.keys(object ?? {})).toEqual(['__proto__', 'constructor', 'toString'])
  })

  it('reads any depth that fits into a token', () => {
    const depth = 3000
    expect(parse(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`)).toBeDefined()
    const objects = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    expect(parseJsonObject(Buffer.from(objects))).toMatchObject({ containers: depth, members: depth })
  })

  it('freezes all of what it reads', () => {
    const object = parse('{"a":{"b":[{}]}}') as { a: { b: object[] } }
    expect([object, object.a, object.a.b, object.a.b[0]].every(Object.isFrozen)).toBe(true)
  })
})
