import { expect, it } from 'vitest'
import { claimsIn } from './token-claims.ts'

const jwt = (claims: unknown): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

it('a token tells when it was made, and of which session it is', () => {
  expect(claimsIn(jwt({ iat: 1_700_000_000, sid: 's', sub: 'ada', note: '서명' }))).toEqual({
    iat: 1_700_000_000,
    sid: 's',
  })
})

it.each([undefined, '', 'opaque', 'a.b.c', jwt(null), jwt('text'), jwt({ iat: 'today', sid: 7 })])(
  'what is no token, or holds something else, tells nothing: %j',
  (token) => expect(claimsIn(token)).toEqual({}),
)
