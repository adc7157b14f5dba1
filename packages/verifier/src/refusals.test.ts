import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Decision } from './decision.ts'
import {
  AUDIENCE,
  DEFAULT_ALGORITHMS,
  ENGINES,
  ISSUER,
  START_SECONDS,
  StillClock,
  TestKey,
  accessTokenClaims,
} from './issuer.fixture.ts'
import type { VerifierOptions } from './options.ts'
import { createVerifier } from './verifier.ts'

const KEYS = DEFAULT_ALGORITHMS.map((algorithm) => new TestKey(algorithm))
const SET = { keys: KEYS.map(({ jwk }) => jwk) }
const STRANGER = new TestKey('EdDSA')
const [KEY = STRANGER] = KEYS

function refused(reason: string): object {
  return { outcome: 'refused', reason }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

describe.each(ENGINES)('a verifier (%s) refuses', (engine) => {
  async function decide(token: string | undefined, more: Partial<VerifierOptions> = {}): Promise<Decision> {
    const expected = { issuer: ISSUER, audience: AUDIENCE, jwks: SET, clock: new StillClock(), engine }
    return createVerifier({ ...expected, ...more }).verify(token)
  }

  it.each([undefined, ''])('the absence of a credential: %j', async (credential) => {
    expect(await decide(credential)).toEqual(refused('absent'))
  })

  it('a session token, which only its issuer can judge, and a refresh token', async () => {
    expect(await decide(`cfs_${'A'.repeat(72)}`)).toEqual(refused('opaque'))
    expect(await decide(`cfr_${'A'.repeat(72)}`)).toEqual(refused('wrong-type'))
  })

  it.each([
    'x',
    'Bearer',
    'a.b.c',
    '..',
    `${KEY.token()}.`,
    ` ${KEY.token()}`,
    `Bearer ${KEY.token()}`,
    '\u{1F511}',
    '{}',
  ])('what is no token: %s', async (credential) => {
    expect(await decide(credential)).toEqual(refused('malformed'))
  })

  it('V9.1.1 everything in a token whose signature is not in order, before reading it', async () => {
    const [header = '', payload = '', signature = ''] = KEY.token().split('.')
    const forgeries = [
      `${header}.${encode({ ...accessTokenClaims(), sub: 'somebodyelse' })}.${signature}`,
      `${header}.${encode({ ...accessTokenClaims(), exp: 0, iss: 'https://evil.example' })}.${signature}`,
      `${header}.${Buffer.from('no JSON').toString('base64url')}.${signature}`,
      `${header}.${payload}.${STRANGER.token().split('.')[2] ?? ''}`,
      `${header}.${payload}.`,
      `${header}..${signature}`,
    ]
    for (const forged of forgeries) expect(await decide(forged)).toEqual(refused('untrusted'))
  })

  it.each(['none', 'nOnE', 'HS256', 'ES384', 'PS256', 'eddsa', 'EdDSA '])('V9.1.2 the algorithm %j', async (alg) => {
    const token = KEY.token({}, { alg })
    const unsigned = token.slice(0, token.lastIndexOf('.') + 1)
    for (const credential of [token, unsigned]) expect(await decide(credential)).toEqual(refused('untrusted'))
  })

  it('V9.1.2 a MAC made with a public key', async () => {
    for (const { jwk, kid } of KEYS) {
      const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${encode(accessTokenClaims())}`
      const mac = createHmac('sha256', JSON.stringify(jwk)).update(signed).digest('base64url')
      expect(await decide(`${signed}.${mac}`)).toEqual(refused('untrusted'))
    }
  })

  it('RFC 8725 3.1 an algorithm that is allowed, but not that of the key', async () => {
    for (const key of KEYS) {
      for (const alg of DEFAULT_ALGORITHMS.filter((other) => other !== key.algorithm)) {
        expect(await decide(key.token({}, { alg }))).toEqual(refused('untrusted'))
      }
    }
  })

  it('V9.1.2 a trusted key whose algorithm is not allowed here', async () => {
    const pss = new TestKey('PS256')
    const jwks = { keys: [pss.jwk, ...SET.keys] }
    expect(await decide(pss.token(), { jwks })).toEqual(refused('untrusted'))
    expect(await decide(pss.token(), { jwks, algorithms: ['PS256'] })).toMatchObject({ outcome: 'accepted' })
    expect(await decide(KEY.token(), { jwks, algorithms: ['PS256'] })).toEqual(refused('untrusted'))
  })

  it('V9.1.3 RFC 8725 3.10 a key that the token brings with it or points to', async () => {
    const { jwk } = STRANGER
    const brought: object[] = [
      { jwk },
      { jwk, kid: undefined },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example/cert.pem', x5c: ['AAAA'] },
      { kid: '../../../etc/passwd' },
      { kid: "' OR 1=1 --" },
      { kid: '__proto__' },
      { kid: '' },
    ]
    for (const header of brought) {
      expect(await decide(STRANGER.token({}, header))).toEqual(refused('untrusted'))
      expect(await decide(KEY.token({}, { ...header, kid: KEY.kid }))).toMatchObject({ outcome: 'accepted' })
    }
  })

  it('a token without kid, unless there is one key', async () => {
    const token = KEY.token({}, { kid: undefined })
    expect(await decide(token)).toEqual(refused('untrusted'))
    expect(await decide(token, { jwks: { keys: [KEY.jwk] } })).toMatchObject({ outcome: 'accepted' })
  })

  it('V9.2.1 an expired token, and one that is not valid yet, to the second', async () => {
    const cases: [object, string][] = [
      [{ exp: START_SECONDS - 5 }, 'expired'],
      [{ exp: 0 }, 'expired'],
      [{ nbf: START_SECONDS + 6 }, 'not-yet-valid'],
      [{ iat: START_SECONDS + 6 }, 'not-yet-valid'],
      [{ auth_time: START_SECONDS + 6 }, 'not-yet-valid'],
      [{ exp: undefined }, 'malformed'],
      [{ nbf: String(START_SECONDS) }, 'malformed'],
    ]
    for (const [claims, reason] of cases)
      expect([claims, await decide(KEY.token(claims))]).toEqual([claims, refused(reason)])
    const bounds = {
      exp: START_SECONDS - 4,
      nbf: START_SECONDS + 5,
      iat: START_SECONDS + 5,
      auth_time: START_SECONDS + 5,
    }
    for (const [name, value] of Object.entries(bounds)) {
      expect(await decide(KEY.token({ [name]: value }))).toMatchObject({ outcome: 'accepted' })
      expect(await decide(KEY.token({ [name]: value }), { leewaySeconds: 0 })).toMatchObject({ outcome: 'refused' })
    }
  })

  it('V9.2.1 an exp that is no finite number', async () => {
    for (const exp of ['1e999', '-1', '"4102444800"', 'null', '[4102444800]', '99999999999999999999']) {
      const payload = JSON.stringify({ ...accessTokenClaims(), exp: 0 }).replace('"exp":0', `"exp":${exp}`)
      expect([exp, await decide(KEY.sign(KEY.header(), payload))]).toEqual([exp, refused('malformed')])
    }
  })

  it.each([undefined, 'JWT', 'rt+jwt', 'logout+jwt', 'at+jwt+x', 'text/at+jwt'])(
    'V9.2.2 a token of another type: %s',
    async (typ) => {
      expect(await decide(KEY.token({}, { typ }))).toEqual(refused('wrong-type'))
    },
  )

  it('V9.2.2 and RFC 9068 4 no token for how its type is written', async () => {
    for (const typ of ['AT+JWT', 'application/at+jwt', 'Application/AT+jwt']) {
      expect(await decide(KEY.token({}, { typ }))).toMatchObject({ outcome: 'accepted' })
    }
  })

  it('V9.2.3 V10.3.1 RFC 9700 2.3 a token for somebody else', async () => {
    for (const aud of [
      'https://other.example.com',
      [],
      [ISSUER],
      `${AUDIENCE}/`,
      [AUDIENCE.toUpperCase()],
      { 0: AUDIENCE },
    ]) {
      const reason = Array.isArray(aud) ? (aud.length === 0 ? 'malformed' : 'wrong-audience') : undefined
      const expected = reason ?? (typeof aud === 'string' ? 'wrong-audience' : 'malformed')
      expect([aud, await decide(KEY.token({ aud }))]).toEqual([aud, refused(expected)])
    }
    expect(await decide(KEY.token({ aud: undefined }))).toEqual(refused('malformed'))
  })

  it('RFC 8725 3.8 RFC 9068 4 a token of another issuer, to the letter', async () => {
    for (const iss of [`${ISSUER}/`, ISSUER.toUpperCase(), 'https://evil.example', 'http://auth.example.com', '']) {
      expect(await decide(KEY.token({ iss }))).toEqual(refused('wrong-issuer'))
    }
    for (const iss of [undefined, [ISSUER], null])
      expect(await decide(KEY.token({ iss }))).toEqual(refused('malformed'))
  })

  it.each(Object.keys(accessTokenClaims()))('RFC 9068 2.2 a token without %s', async (name) => {
    expect(await decide(KEY.token({ [name]: undefined }))).toEqual(refused('malformed'))
  })

  it('RFC 8725 3.12 each kind of token that the issuer signs but access tokens', async () => {
    const { roles: _, ...refresh } = accessTokenClaims()
    const stateless = KEY.sign({ ...KEY.header(), typ: 'rt+jwt' }, { ...refresh, aud: ISSUER })
    expect(await decide(stateless, { audience: ISSUER })).toEqual(refused('wrong-type'))
    for (const typ of ['dpop+jwt', 'JWT', undefined]) {
      const other = KEY.sign({ ...KEY.header(), typ }, accessTokenClaims())
      expect(await decide(other)).toEqual(refused('wrong-type'))
    }
    const relabelled = KEY.sign(KEY.header(), { ...refresh, aud: ISSUER })
    expect(await decide(relabelled, { audience: ISSUER })).toEqual(refused('malformed'))
  })

  it('doubled members in header and payload, at any depth', async () => {
    const claims = JSON.stringify(accessTokenClaims())
    const payloads = [
      claims.replace('{', '{"sub":"admin",'),
      claims.replace('{', String.raw`{"\u0073ub":"admin",`),
      claims.replace('{', '{"x":{"y":[{"a":1,"a":2}]},'),
    ]
    for (const payload of payloads) expect(await decide(KEY.sign(KEY.header(), payload))).toEqual(refused('malformed'))
    const header = JSON.stringify(KEY.header()).replace('{', '{"kid":"other",')
    expect(await decide(KEY.sign(header, claims))).toEqual(refused('malformed'))
  })

  it('crit and b64, understood or not', async () => {
    const headers: object[] = [
      { crit: ['x'], x: 1 },
      { crit: ['b64'], b64: true },
      { b64: false },
      { crit: [] },
      { crit: 'exp' },
    ]
    for (const header of headers) expect(await decide(KEY.token({}, header))).toEqual(refused('malformed'))
  })

  it('RFC 8725 3.7 claims that are not UTF-8', async () => {
    const bytes = Buffer.from(JSON.stringify({ ...accessTokenClaims(), x: '\u00e9' }), 'latin1')
    const token = KEY.signParts(encode(KEY.header()), bytes.toString('base64url'))
    expect(await decide(token)).toEqual(refused('malformed'))
  })

  it('claims that dress up as a prototype as much as their absence', async () => {
    const { sub: _, ...others } = accessTokenClaims()
    const payload = JSON.stringify(others).replace('{', '{"__proto__":{"sub":"admin"},')
    expect(await decide(KEY.sign(KEY.header(), payload))).toEqual(refused('malformed'))
    const harmless = JSON.stringify(accessTokenClaims()).replace('{', '{"__proto__":{"roles":["admin"]},')
    expect(await decide(KEY.sign(KEY.header(), harmless))).toMatchObject({ identity: { roles: ['support'] } })
  })

  it('a token that is larger than 8,192 characters', async () => {
    expect(await decide(KEY.token({ x: 'x'.repeat(5000) }))).toMatchObject({ outcome: 'accepted' })
    expect(await decide(KEY.token({ x: 'x'.repeat(6000) }))).toEqual(refused('malformed'))
  })
})
