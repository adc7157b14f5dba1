import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRoutePath } from './path.ts'

const text = (target: string): string | undefined => readRoutePath(target)?.text

describe('a path, as routes are chosen by it,', () => {
  it.each([
    ['/orders', '/orders'],
    ['/orders?a=/../b', '/orders'],
    ['/%6frders', '/orders'],
    ['/a%20b', '/a%20b'],
    ['//orders///1', '/orders/1'],
    ['/orders;v=1/2;x', '/orders/2'],
    ['/..a/b..', '/..a/b..'],
    ['/%7euser', '/~user'],
    ['/', '/'],
  ])('%s is %s', (target, expected) => {
    expect(text(target)).toBe(expected)
  })

  it.each([
    '/public/../orders',
    '/public/%2e%2e/orders',
    '/public/.%2E/orders',
    '/public/./orders',
    '/..',
    '/public/..;/orders',
    '/public/;/../orders',
    '/public/..;a=b',
    '/public%2f..%2forders',
    '/public%2Forders',
    '/public\\..\\orders',
    '/public%5corders',
    '/public%00',
    '/public%0',
    '/public%zz',
    '/é',
    'orders',
    '*',
    '',
    '/a b',
    '/open#/../protected',
    '/open#',
    '/a\u0001',
  ])('%j is refused: two readers could come to different places', (target) => {
    expect(readRoutePath(target)).toBeUndefined()
  })

  it('never has a dot segment, an empty one, or a slash in disguise', () => {
    const part = fc.constantFrom('/', '.', '..', '%2e', '%2f', '%5C', '\\', ';', 'a', 'B', '%41', '?', '%', '//')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const path = text(`/${parts.join('')}`)
        if (path === undefined) return
        expect(path.split('/').slice(1, -1)).not.toContain('')
        for (const segment of path.split('/')) expect(['.', '..']).not.toContain(segment)
        expect(path).not.toMatch(/%2f|%5c|\\|;|%2e/i)
      }),
    )
  })

  it('says what it is without case, where that is something else', () => {
    expect(readRoutePath('/Orders')).toEqual({ text: '/Orders', folded: '/orders' })
    expect(readRoutePath('/orders')).toEqual({ text: '/orders', folded: undefined })
  })
})
