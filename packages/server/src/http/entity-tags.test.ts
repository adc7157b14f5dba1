import { describe, expect, it } from 'vitest'
import { isKnown, readCondition } from './entity-tags.ts'

describe('the condition of a write', () => {
  it.each([
    [undefined, undefined, { kind: 'none' }],
    ['*', undefined, { kind: 'present' }],
    [undefined, '*', { kind: 'absent' }],
    ['"3"', undefined, { kind: 'versions', versions: [3] }],
    ['"3", "5"', '*', { kind: 'versions', versions: [3, 5] }],
    ['W/"3"', undefined, { kind: 'versions', versions: [] }],
    ['3', undefined, { kind: 'versions', versions: [] }],
    ['"-1"', undefined, { kind: 'versions', versions: [] }],
    ['', undefined, { kind: 'versions', versions: [] }],
    [undefined, '"3"', { kind: 'none' }],
  ])('is read from If-Match %j and If-None-Match %j', (ifMatch, ifNoneMatch, condition) => {
    expect(readCondition(ifMatch, ifNoneMatch)).toEqual(condition)
  })

  it('is met by a reader with this version, strong or weak', () => {
    expect(isKnown('"3"', 3)).toBe(true)
    expect(isKnown('W/"3"', 3)).toBe(true)
    expect(isKnown('*', 3)).toBe(true)
    expect(isKnown('"2"', 3)).toBe(false)
    expect(isKnown(undefined, 3)).toBe(false)
  })
})
