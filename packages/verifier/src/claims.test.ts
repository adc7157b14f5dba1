import { describe, expect, it } from 'vitest'
import { areAccessTokenClaims, isAccessTokenType, isFor, validFromAt, type TrustedClaims } from './claims.ts'
import { accessTokenClaims, START_SECONDS } from './issuer.fixture.ts'

const TEXTS = ['iss', 'sub', 'client_id', 'sid', 'jti']
const DATES = ['iat', 'exp', 'auth_time', 'nbf']
const GENERATIONS = ['account_generation', 'client_generation']
const LISTS = ['amr', 'roles']

const NO_TEXT: readonly unknown[] = ['', 0, null, true, ['a'], { a: 1 }]
const NO_DATE: readonly unknown[] = [-1, Infinity, NaN, 253_402_300_800, 1e300, '1', null, true, [1], {}]
const NO_GENERATION: readonly unknown[] = [-1, 0.5, Infinity, 2 ** 53, '1', null, true, [1]]
const NO_LIST: readonly unknown[] = ['a', null, {}, [''], [1], [null], ['a', 0], { 0: 'a', length: 1 }]

function withClaim(name: string, value: unknown): Record<string, unknown> {
  return { ...accessTokenClaims(), [name]: value }
}

function trusted(change: Record<string, unknown> = {}): TrustedClaims {
  const claims: Readonly<Record<string, unknown>> = { ...accessTokenClaims(), ...change }
  if (!areAccessTokenClaims(claims)) throw new Error('these are no claims of an access token')
  return claims
}

describe('the claims of an access token', () => {
  it('are those that the issuer writes, and may be joined by others', () => {
    expect(areAccessTokenClaims(accessTokenClaims())).toBe(true)
    expect(areAccessTokenClaims(withClaim('anything', { else: [1] }))).toBe(true)
    expect(areAccessTokenClaims(withClaim('nbf', START_SECONDS))).toBe(true)
  })

  it.each(Object.keys(accessTokenClaims()))('RFC 9068 2.2 need %s', (name) => {
    const { [name]: _, ...others } = accessTokenClaims()
    expect(areAccessTokenClaims(others)).toBe(false)
    expect(areAccessTokenClaims(withClaim(name, undefined))).toBe(false)
  })

  it('have the type that their name asks for', () => {
    const wrong = [
      ...TEXTS.flatMap((name) => NO_TEXT.map((value) => [name, value] as const)),
      ...DATES.flatMap((name) => NO_DATE.map((value) => [name, value] as const)),
      ...GENERATIONS.flatMap((name) => NO_GENERATION.map((value) => [name, value] as const)),
      ...LISTS.flatMap((name) => NO_LIST.map((value) => [name, value] as const)),
      ...['', [], [''], [1], {}, null].map((value) => ['aud', value] as const),
      ...['', 'Hybrid', 'toString', ['hybrid'], null].map((value) => ['strategy', value] as const),
    ]
    for (const [name, value] of wrong) {
      expect([name, value, areAccessTokenClaims(withClaim(name, value))]).toEqual([name, value, false])
    }
  })

  it('are valid from the latest instant that they speak of as past', () => {
    expect(validFromAt(trusted())).toBe(START_SECONDS * 1000)
    expect(validFromAt(trusted({ nbf: START_SECONDS + 7 }))).toBe((START_SECONDS + 7) * 1000)
    expect(validFromAt(trusted({ auth_time: START_SECONDS + 9 }))).toBe((START_SECONDS + 9) * 1000)
  })

  it('RFC 8725 3.9 are for an audience only when they name it to the letter', () => {
    const list = trusted({ aud: ['https://a.example', 'https://b.example'] })
    expect(isFor(list, ['https://b.example'])).toBe(true)
    expect(isFor(list, ['https://B.example', 'https://b.example/', 'b', ''])).toBe(false)
    expect(isFor(trusted({ aud: 'https://a.example' }), ['https://a.example'])).toBe(true)
    expect(isFor(trusted({ aud: 'https://a.example' }), ['https://a.exampl', 'h'])).toBe(false)
  })
})

describe('the type of an access token', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])('RFC 9068 4 is %s', (typ) => {
    expect(isAccessTokenType(typ)).toBe(true)
  })

  it.each([
    undefined,
    '',
    'JWT',
    'rt+jwt',
    'id+jwt',
    'at+jwt ',
    'x/at+jwt',
    'application/application/at+jwt',
    'at+jwt;a=b',
  ])('RFC 9068 4 is not %s', (typ) => {
    expect(isAccessTokenType(typ)).toBe(false)
  })
})
