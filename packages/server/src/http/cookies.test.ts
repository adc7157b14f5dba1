import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refreshCookieOf, STRATEGIES, type ApplicationId } from '@counterfoil/protocol'
import { clearCookie, cookiesAt, setCookie } from './cookies.ts'

const SHAPES = ['', '/auth', '/a/b'].flatMap((path) =>
  STRATEGIES.map((strategy) => ({
    issuerPath: path,
    strategy,
    shape: cookiesAt(path)(strategy, 'shop' as ApplicationId),
  })),
)

function partsOf(cookie: string): { name: string; value: string; attributes: Map<string, string> } {
  const [pair = '', ...attributes] = cookie.split('; ')
  const [name = '', value = ''] = pair.split('=')
  return {
    name,
    value,
    attributes: new Map(attributes.map((each) => each.split('=')).map(([key = '', of = '']) => [key, of])),
  }
}

describe.each(SHAPES)('the cookie of a $strategy session under "$issuerPath"', ({ shape }) => {
  it('Cookie prefixes V3.3.3 keeps what its prefix promises', () => {
    const { name, attributes } = partsOf(setCookie(shape, 'x', 1000))
    expect(name).toMatch(/^__(?:Host|Secure)-/)
    expect(attributes.has('Secure')).toBe(true)
    expect(attributes.has('Domain')).toBe(false)
    if (name.startsWith('__Host-')) expect(attributes.get('Path')).toBe('/')
  })

  it('Cookie SameSite NIST 5.1.1 says where it may come from, and is kept from scripts', () => {
    const { attributes } = partsOf(setCookie(shape, 'x', 1000))
    expect(['Lax', 'Strict']).toContain(attributes.get('SameSite'))
    expect(attributes.has('HttpOnly')).toBe(true)
  })

  it('Cookie size lives whole seconds, at most 400 days, however long the session may', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (lifeMs) => {
        const maxAge = partsOf(setCookie(shape, 'x', lifeMs)).attributes.get('Max-Age') ?? ''
        return /^\d+$/.test(maxAge) && Number(maxAge) <= 400 * 86_400 && Number(maxAge) * 1000 <= Math.max(0, lifeMs)
      }),
    )
    for (const attribute of partsOf(setCookie(shape, 'x', Infinity)).attributes.values())
      expect(attribute.length).toBeLessThanOrEqual(1024)
  })

  it('Cookie deletion repeats name, path and attributes, with nothing in it and no time to live', () => {
    const set = partsOf(setCookie(shape, 'x', 1000))
    const cleared = partsOf(clearCookie(shape))
    expect([cleared.name, cleared.value, cleared.attributes.get('Max-Age')]).toEqual([set.name, '', '0'])
    cleared.attributes.delete('Max-Age')
    set.attributes.delete('Max-Age')
    expect(cleared.attributes).toEqual(set.attributes)
  })
})

describe('the cookie of a refresh token', () => {
  it('is each application’s own, under a name that browsers take whatever the application is called', () => {
    const nameOf = (id: string): string => refreshCookieOf(id as ApplicationId)
    expect(nameOf('shop')).toBe('__Secure-refresh-shop')
    const ids = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        // RFC 9110 §5.6.2: what a token consists of.
        expect(nameOf(one)).toMatch(/^[\w!#$%&'*+.^`|~-]+$/)
        expect(nameOf(one) === nameOf(other)).toBe(one === other)
      }),
    )
  })
})
