import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBasic, readCookie, readCredential, readScheme } from './credentials.ts'

const COOKIE = '__Host-session'

function source(authorization: readonly string[], cookie?: string) {
  const [first] = authorization
  return {
    headers: { authorization: first, cookie },
    rawHeaders: authorization.flatMap((value, at) => [at % 2 === 0 ? 'Authorization' : 'authorization', value]),
  }
}

describe('the credential of a request', () => {
  it('comes from the header, with the scheme in any case', () => {
    expect(readCredential(source(['bEaReR  abc ']), COOKIE)).toEqual({
      carrier: 'header',
      scheme: 'Bearer',
      text: 'abc',
    })
  })

  it('comes from the cookie where there is no header', () => {
    expect(readCredential(source([], `a=b; ${COOKIE}=abc; c=d`), COOKIE)).toEqual({
      carrier: 'cookie',
      scheme: 'Bearer',
      text: 'abc',
    })
  })

  it('comes from the header where there are both: a browser adds its cookie by itself', () => {
    expect(readCredential(source(['Bearer abc'], `${COOKIE}=def`), COOKIE)).toEqual({
      carrier: 'header',
      scheme: 'Bearer',
      text: 'abc',
    })
  })

  it('RFC 9449 7.1 comes from the header with the DPoP scheme, in any case', () => {
    const expected = { carrier: 'header', scheme: 'DPoP', text: 'abc' }
    expect(readCredential(source(['dpop abc'], `${COOKIE}=def`), COOKIE)).toEqual(expected)
    expect(readCredential(source(['DPoP abc', 'Bearer abc']), COOKIE)).toBe('ambiguous')
  })

  it('RFC 6750 2 is ambiguous with two headers, also where Node keeps only the first', () => {
    expect(readCredential(source(['Bearer abc', 'Bearer def']), COOKIE)).toBe('ambiguous')
    expect(readCredential(source(['Bearer abc', 'Bearer abc']), COOKIE)).toBe('ambiguous')
  })

  it('is ambiguous with two cookies of its name, also under a header', () => {
    const twice = `${COOKIE}=abc; ${COOKIE}=abc`
    expect(readCredential(source([], twice), COOKIE)).toBe('ambiguous')
    expect(readCredential(source(['Bearer abc'], twice), COOKIE)).toBe('ambiguous')
  })

  it('is not found in a header of another scheme, nor in a cookie of another name', () => {
    expect(readCredential(source(['Basic abc']), COOKIE)).toBeUndefined()
    expect(readCredential(source([], `x${COOKIE}=abc; ${COOKIE}x=def; ${COOKIE}`), COOKIE)).toBeUndefined()
    expect(readScheme('Bearerabc', 'bearer')).toBeUndefined()
  })

  it('is read from any header without throwing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (authorization, cookie) => {
        readCredential({ headers: { authorization, cookie }, rawHeaders: ['authorization', authorization] }, COOKIE)
        readBasic(authorization)
      }),
    )
  })

  it('is found in a cookie wherever it stands among others', () => {
    const other = fc.stringMatching(/^[a-z]{1,8}=[a-z0-9]{0,8}$/)
    fc.assert(
      fc.property(fc.array(other), fc.array(other), (before, after) => {
        const header = [...before, `${COOKIE}=value`, ...after].join('; ')
        expect(readCookie(header, COOKIE)).toBe('value')
      }),
    )
  })
})
