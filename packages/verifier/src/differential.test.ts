import fc from 'fast-check'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  AUDIENCE,
  DEFAULT_ALGORITHMS,
  ENGINES,
  ISSUER,
  StillClock,
  TestKey,
  accessTokenClaims,
} from './issuer.fixture.ts'
import { createVerifier } from './verifier.ts'

const KEYS = DEFAULT_ALGORITHMS.map((algorithm) => new TestKey(algorithm))
const SET = { keys: KEYS.map(({ jwk }) => jwk) }
const clock = new StillClock()
const oracleKeys = createLocalJWKSet({
  keys: SET.keys.map((jwk) => JSON.parse(JSON.stringify(jwk)) as { kty: string }),
})

async function joseAccepts(token: string): Promise<boolean> {
  const required = ['exp', 'iat', 'sub', 'client_id', 'jti', 'sid', 'auth_time']
  const options = { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt', clockTolerance: 5, requiredClaims: required }
  const currentDate = new Date(clock.now())
  return jwtVerify(token, oracleKeys, { ...options, currentDate, algorithms: [...DEFAULT_ALGORITHMS] }).then(
    () => true,
    () => false,
  )
}

/** One change to a text: a character replaced, put in, taken out; a piece doubled or cut. */
const change = fc.record({
  kind: fc.constantFrom('replace', 'insert', 'remove', 'double', 'cut'),
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  character: fc.constantFrom(...Array.from('AQgwZz09-_=.+/ \n"{}e\u0141')),
})

function apply(text: string, { kind, place, character }: { kind: string; place: number; character: string }): string {
  const at = Math.floor(place * text.length)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  switch (kind) {
    case 'replace':
      return before + character + after.slice(1)
    case 'insert':
      return before + character + after
    case 'remove':
      return before + after.slice(1)
    case 'double':
      return before + after + after
    default:
      return before
  }
}

const instant = fc.constantFrom(-400, -306, -305, -10, -1, 0, 5, 6, 10, 400).map((by) => clock.now() / 1000 + by)
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e300,
    [],
    {},
    ISSUER,
    `${ISSUER}/`,
    AUDIENCE,
    [AUDIENCE],
    [AUDIENCE, 1],
    true,
  ),
  instant,
  instant.map(String),
)
const claimName = fc.constantFrom('iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'auth_time', 'jti', 'client_id', 'sid', 'x')
const headerName = fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c', 'x')
const headerTexts = ['EdDSA', 'ES256', 'RS256', 'PS256', 'HS256', 'none', 'JWT', 'at+jwt', 'AT+JWT', 'rt+jwt', '']
const headerValue = fc.oneof(
  fc.constantFrom<unknown>(...headerTexts, 'application/at+jwt', 'https://evil.example/jwks.json'),
  fc.constantFrom<unknown>(null, 0, [], ['x'], ['exp'], ['b64'], false, true, {}),
)

describe.each(ENGINES)('held to jose (%s)', (engine) => {
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: SET,
    clock,
    engine,
    cache: { maxBytes: 0 },
  })

  async function accepts(token: string): Promise<boolean> {
    return (await verifier.verify(token)).outcome === 'accepted'
  }

  describe.each(KEYS)('$algorithm', (key) => {
    it('both accept whatever else a well-formed token says', async () => {
      const extra = fc.dictionary(
        fc.string({ minLength: 1 }).map((name) => `x-${name}`),
        fc.jsonValue(),
      )
      const life = fc.record({
        exp: fc.integer({ min: -4, max: 1_000_000 }).map((by) => clock.now() / 1000 + by),
        iat: fc.integer({ min: -1_000_000, max: 5 }).map((by) => clock.now() / 1000 + by),
        aud: fc.constantFrom<unknown>(AUDIENCE, [AUDIENCE], ['https://other.example', AUDIENCE]),
      })
      await fc.assert(
        fc.asyncProperty(extra, life, extra, async (claims, times, header) => {
          const token = key.token({ ...claims, ...times }, header)
          expect([await accepts(token), await joseAccepts(token)]).toEqual([true, true])
        }),
      )
    })

    it('what is accepted after random changes of its text, jose accepts too', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const token = changes.reduce(apply, key.token())
          if (await accepts(token)) expect([token, await joseAccepts(token)]).toEqual([token, true])
        }),
        { numRuns: 300 },
      )
    })

    it('what is accepted with odd claims and headers under a true signature, jose accepts too', async () => {
      const members = fc.array(fc.tuple(claimName, oddValue), { maxLength: 2 })
      const headers = fc.array(fc.tuple(headerName, headerValue), { maxLength: 1 })
      let accepted = 0
      await fc.assert(
        fc.asyncProperty(members, headers, async (claims, header) => {
          const token = key.token(Object.fromEntries(claims), Object.fromEntries(header))
          if (!(await accepts(token))) return
          accepted++
          expect([token, await joseAccepts(token)]).toEqual([token, true])
        }),
        { numRuns: 300 },
      )
      expect(accepted).toBeGreaterThan(10)
    })

    it('what is accepted with the text of header or payload changed before it is signed, jose accepts too', async () => {
      const headerText = JSON.stringify(key.header())
      const payloadText = JSON.stringify(accessTokenClaims())
      await fc.assert(
        fc.asyncProperty(change, fc.boolean(), async (one, isHeader) => {
          const token = key.sign(
            isHeader ? apply(headerText, one) : headerText,
            isHeader ? payloadText : apply(payloadText, one),
          )
          if (await accepts(token)) expect([token, await joseAccepts(token)]).toEqual([token, true])
        }),
        { numRuns: 300 },
      )
    })
  })
})
