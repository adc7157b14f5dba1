import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readReturnTo } from './return-to.ts'

const own = 'https://auth.example.com'
const shop = 'https://shop.example.com'
const read = (text: string): string | undefined => readReturnTo(text, { own, listed: [shop, 'http://localhost:5173'] })

describe('where sign-in leads', () => {
  it.each([
    ['/my/devices', `${own}/my/devices`],
    ['/', `${own}/`],
    ['/a?b=c#d', `${own}/a?b=c#d`],
    [`${own}/my/account`, `${own}/my/account`],
    [`${shop}/cart?a=1`, `${shop}/cart?a=1`],
    ['https://SHOP.example.com', `${shop}/`],
    ['http://localhost:5173/x', 'http://localhost:5173/x'],
    ['/..//evil.example', `${own}//evil.example`],
    ['/%2F%2Fevil.example', `${own}/%2F%2Fevil.example`],
    ['/%0d%0aset-cookie:a=b', `${own}/%0d%0aset-cookie:a=b`],
  ])('is taken: %j', (text, href) => {
    expect(read(text)).toBe(href)
  })

  it.each([
    '',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'https:\\\\evil.example',
    'https://evil.example',
    'https://evil.example/https://shop.example.com',
    'https://shop.example.com.evil.example',
    'https://shop.example.com@evil.example',
    'https://user@shop.example.com',
    'https://user:pass@shop.example.com',
    'https://shop.example.com:8443',
    'http://shop.example.com',
    'http://localhost:5174',
    'https://evil.example#https://shop.example.com',
    'https://evil.example?https://shop.example.com',
    'https%3A%2F%2Fshop.example.com',
    '%2F%2Fevil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'blob:https://shop.example.com/1',
    'my/devices',
    '/a\r\nset-cookie: a=b',
    '/\t/evil.example',
    '\t//evil.example',
    ' https://shop.example.com',
    '/\u0000/evil.example',
    '/\u202e/x',
    'https://[::1',
    `/${'a'.repeat(7 * 1024)}`,
  ])('RFC 9700 4.11 is not taken: %j', (text) => {
    expect(read(text)).toBeUndefined()
  })

  it('RFC 9700 4.11 leads to a listed origin or nowhere, whatever is asked for', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '//',
      ':',
      '@',
      '.',
      '..',
      '%2f',
      'https:',
      'http://',
      'evil.example',
      'shop.example.com',
      '\t',
      '#',
      '?',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
          fc.webUrl(),
        ),
        (text) => {
          const href = read(text)
          // As a browser reads it that is anywhere: an absolute URL means the same everywhere.
          return href === undefined || [own, shop].includes(new URL(href, 'https://elsewhere.example').origin)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
