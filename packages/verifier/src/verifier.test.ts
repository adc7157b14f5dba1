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
import { createVerifier, type Verifier } from './verifier.ts'

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

describe.each(ENGINES)('a verifier (%s)', (engine) => {
  function make(more: Partial<VerifierOptions> = {}): { verifier: Verifier; clock: StillClock } {
    const clock = new StillClock()
    return {
      clock,
      verifier: createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: SET, clock, engine, ...more }),
    }
  }

  async function decide(token: string | undefined, more: Partial<VerifierOptions> = {}): Promise<Decision> {
    return make(more).verifier.verify(token)
  }

  describe('accepts', () => {
    it.each(KEYS)('an access token signed with $algorithm, and says whose it is', async (key) => {
      const claims = accessTokenClaims()
      const decision = await decide(key.sign(key.header(), claims))
      expect(decision).toEqual({
        outcome: 'accepted',
        fresh: false,
        identity: {
          accountId: claims['sub'],
          sessionId: claims['sid'],
          applicationId: 'hybrid',
          strategy: 'hybrid',
          roles: ['support'],
          authenticatedAt: (START_SECONDS - 60) * 1000,
          expiresAt: (START_SECONDS + 300) * 1000,
          accountGeneration: claims['account_generation'],
          applicationGeneration: claims['client_generation'],
          logPosition: claims['log_position'],
          claims,
        },
      })
    })

    it('an identity that nobody can change for the next request', async () => {
      const { verifier } = make()
      const token = KEY.token({ extra: { list: [{}] } })
      const decision = await verifier.verify(token)
      if (decision.outcome !== 'accepted') throw new Error(decision.outcome)
      const { identity } = decision
      const extra = identity.claims?.['extra'] as { list: object[] }
      for (const part of [decision, identity, identity.roles, identity.claims, extra, extra.list, extra.list[0]]) {
        expect(Object.isFrozen(part)).toBe(true)
      }
    })

    it('every key of the set that is named, whatever else the set holds', async () => {
      const odd = [{ kty: 'oct', k: 'AAAA', kid: 'mac' }, { ...STRANGER.privateJwk, kty: 'OKP' }, { kty: 'EC' }]
      const { verifier } = make({ jwks: { keys: [...odd, ...SET.keys] } })
      for (const key of KEYS) expect(await verifier.verify(key.token())).toMatchObject({ outcome: 'accepted' })
      expect(verifier.status().keys).toMatchObject({ usable: 3, skipped: 3 })
    })
  })

  describe('for one call', () => {
    it('V10.3.4 refuses a sign-in that is too long ago, cached or not', async () => {
      const { verifier, clock } = make()
      const token = KEY.token()
      expect(await verifier.verify(token, { maxAuthAgeSeconds: 54 })).toEqual(refused('too-old-authentication'))
      expect(await verifier.verify(token, { maxAuthAgeSeconds: 55 })).toMatchObject({ outcome: 'accepted' })
      clock.forward(1)
      expect(await verifier.verify(token, { maxAuthAgeSeconds: 55 })).toEqual(refused('too-old-authentication'))
      expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
    })

    it('takes one of several audiences alone, cached or not', async () => {
      const other = 'https://stock.example.com'
      const { verifier } = make({ audience: [AUDIENCE, other] })
      const token = KEY.token()
      for (let round = 0; round < 2; round++) {
        expect(await verifier.verify(token, { audience: other })).toEqual(refused('wrong-audience'))
        expect(await verifier.verify(token, { audience: AUDIENCE })).toMatchObject({ outcome: 'accepted' })
      }
      expect(await verifier.verify(KEY.token({ aud: other }))).toMatchObject({ outcome: 'accepted' })
    })

    it('throws a TypeError for options that could not mean anything', () => {
      const { verifier } = make()
      const token = KEY.token()
      const wrong = [{ maxAuthAge: 1 }, { maxAuthAgeSeconds: NaN }, { maxAuthAgeSeconds: -1 }, { audience: ISSUER }]
      for (const call of wrong) expect(() => verifier.verify(token, call)).toThrow(TypeError)
    })
  })

  describe('remembers', () => {
    it('an accepted token, and answers at once', async () => {
      const { verifier } = make()
      const token = KEY.token()
      const first = await verifier.verify(token)
      expect(verifier.verify(Buffer.from(token).toString())).toBe(first)
      expect(verifier.status().cache).toMatchObject({ entries: 1, hits: 1, misses: 1 })
    })

    it('no token that was refused', async () => {
      const { verifier } = make()
      const bad = [KEY.token({ exp: 1 }), KEY.token({ iss: 'x' }), STRANGER.token(), KEY.token({}, { typ: 'JWT' }), 'x']
      for (const token of bad) await verifier.verify(token)
      await verifier.verify(KEY.token(), { maxAuthAgeSeconds: 1 })
      expect(verifier.status().cache.entries).toBe(0)
    })

    it('V9.2.1 no token beyond its expiry', async () => {
      const { verifier, clock } = make()
      const token = KEY.token()
      await verifier.verify(token)
      clock.forward(304)
      expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
      clock.forward(1)
      expect(await verifier.verify(token)).toEqual(refused('expired'))
      expect(verifier.status().cache.entries).toBe(0)
    })

    it('no token before its time, when the clock goes back', async () => {
      const { verifier, clock } = make()
      const token = KEY.token()
      await verifier.verify(token)
      clock.forward(-6)
      expect(await verifier.verify(token)).toEqual(refused('not-yet-valid'))
    })

    it('tokens by their whole text, so that a tail brings nobody in', async () => {
      const { verifier } = make()
      const token = KEY.token()
      await verifier.verify(token)
      const [header = '', , signature = ''] = token.split('.')
      const forged = `${header}.${encode({ ...accessTokenClaims(), sub: 'admin' })}.${signature}`
      expect(await verifier.verify(forged)).toEqual(refused('untrusted'))
      expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
    })

    it('no token of a key that is gone, from the next check on', async () => {
      let keys = SET.keys
      const { verifier } = make({ jwks: { keys: () => keys } })
      const [token, other] = [KEY.token(), KEYS[1]?.token()]
      await verifier.verify(token)
      await verifier.verify(other)
      keys = keys.slice(1)
      expect(await verifier.verify(token)).toEqual(refused('untrusted'))
      expect(await verifier.verify(other)).toMatchObject({ outcome: 'accepted' })
      expect(verifier.status()).toMatchObject({ keys: { usable: 2 }, cache: { entries: 1, hits: 2 } })
      keys = SET.keys
      expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
    })

    it('no token of a key that was replaced under its name', async () => {
      let keys = [KEY.jwk]
      const { verifier } = make({ jwks: { keys: () => keys } })
      const token = KEY.token()
      await verifier.verify(token)
      keys = [{ ...STRANGER.jwk, kid: KEY.kid }]
      expect(await verifier.verify(token)).toEqual(refused('untrusted'))
      expect(await verifier.verify(STRANGER.token({}, { kid: KEY.kid }))).toMatchObject({ outcome: 'accepted' })
    })
  })

  it('V16.5.3 cannot tell while its source of keys fails, and says what failed', async () => {
    let fails = true
    const keys = (): typeof SET => {
      if (fails) throw new Error('the keys are being read')
      return SET
    }
    const { verifier } = make({ jwks: { keys } })
    const token = KEY.token()
    expect(await verifier.verify(token)).toEqual({ outcome: 'unknown', reason: 'keys-unavailable', retryAfterMs: 1000 })
    expect(verifier.status().keys).toMatchObject({
      usable: undefined,
      failures: 1,
      error: 'Error: the keys are being read',
    })
    fails = false
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
    fails = true
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'unknown' })
    fails = false
    await verifier.verify(token)
    expect(verifier.status().keys).toMatchObject({ usable: 3, failures: 0, error: undefined })
  })

  it('decides many at once after its keys have changed', async () => {
    let keys = SET.keys
    const { verifier } = make({ jwks: { keys: () => keys } })
    keys = [...SET.keys]
    const decisions = await Promise.all([...KEYS, ...KEYS].map(async (key) => verifier.verify(key.token())))
    expect(decisions.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => 'accepted'))
  })

  it('says that it has no feed, what that means, and how it decided', async () => {
    const { verifier } = make()
    const token = KEY.token()
    for (const credential of [token, token, undefined, 'x', 'x', KEY.token({ exp: 1 })])
      await verifier.verify(credential)
    const status = verifier.status()
    expect(status).toMatchObject({
      feed: 'none',
      bound: 'token expiry',
      keys: { source: 'local', usable: 3, skipped: 0 },
    })
    expect(status.decisions).toMatchObject({
      accepted: 2,
      unknown: 0,
      refused: { absent: 1, malformed: 2, expired: 1 },
    })
    expect(status.decisions.refused.untrusted).toBe(0)
  })
})

it('a verifier on Node decides at once, without a promise', () => {
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: SET,
    clock: new StillClock(),
    engine: 'node',
  })
  for (const token of [KEY.token(), STRANGER.token(), 'x']) expect(verifier.verify(token)).not.toBeInstanceOf(Promise)
})
