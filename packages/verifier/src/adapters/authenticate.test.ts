import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, START_SECONDS, StillClock, TestKey } from '../issuer.fixture.ts'
import type { Requirements } from './authenticate.ts'
import {
  assertOptions,
  assertRequirements,
  authenticateRequest,
  readAuthorization,
  requirePassage,
} from './authenticate.ts'
import { createVerifier } from '../verifier.ts'
import * as express from './express.ts'
import * as fastify from './fastify.ts'
import * as fetch from './fetch.ts'
import * as hono from './hono.ts'
import * as nest from './nest.ts'
import * as node from './node.ts'
import { acceptedOf, admission, passage } from './passport.ts'

const KEY = new TestKey('EdDSA')
const verifier = createVerifier({
  issuer: ISSUER,
  audience: [AUDIENCE, ISSUER],
  jwks: { keys: [KEY.jwk] },
  clock: new StillClock(),
})
const GET = { method: 'GET', path: '/orders' }

afterAll(() => verifier.close())

const ask = (...authorization: readonly string[]) => authenticateRequest(verifier, { ...GET, authorization }, {})

async function letIn(claims: object = {}) {
  const judged = await ask(`Bearer ${KEY.token(claims)}`)
  if (!('passport' in judged)) throw new Error('the token is good')
  return judged.passport
}

async function statusFor(claims: object, requirements: Requirements): Promise<number> {
  const judged = await requirePassage(await letIn(claims), requirements)
  return 'answer' in judged ? judged.answer.status : 200
}

describe('whatever the Authorization headers hold', () => {
  const pieces = fc.constantFrom(
    'Bearer ',
    'bearer',
    ' ',
    ',',
    '.',
    '=',
    'Basic ',
    'cfs_',
    'eyJhbGciOiJub25lIn0',
    '\t',
    '\r\n',
    '\0',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.array(fc.oneof(pieces, fc.string())).map((parts) => parts.join('')),
    fc.string().map((rest) => `Bearer ${rest}`),
  )

  it('nobody is let in without a signature, nothing is thrown, and nothing that was sent is in the answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 3 }), async (authorization) => {
        const judged = await ask(...authorization)
        if (!('answer' in judged)) throw new Error('somebody was let in')
        const { status, headers, body } = judged.answer
        expect(status).toBe(authorization.length > 1 ? 400 : 401)
        expect(headers['cache-control']).toBe('no-store')
        expect(headers['www-authenticate']).toMatch(
          /^(?:Bearer|DPoP) realm="counterfoil"(?:, algs="[\w ]+")?(?:, error="[a-z_]+", error_description="[ !#-[\]-~]+")?$/,
        )
        expect(JSON.parse(body)).toMatchObject({ status, code: expect.stringMatching(/^[a-z_]+$/) as unknown })
        for (const sent of authorization)
          if (sent.length > 60) expect(body + JSON.stringify(headers)).not.toContain(sent)
      }),
      { numRuns: 500 },
    )
  })

  it('a credential is what follows the scheme, and none is thrown at', () => {
    fc.assert(
      fc.property(text, (header) => {
        const { scheme, credential } = readAuthorization(header)
        expect(credential === undefined).toBe(!/^(bearer|dpop) /i.test(header))
        expect(scheme).toBe(/^dpop /i.test(header) ? 'DPoP' : 'Bearer')
        if (credential !== undefined) expect(header).toContain(credential)
      }),
    )
  })

  it('reading one takes no longer than it is long', () => {
    const startedAt = performance.now()
    readAuthorization(`Bearer ${' '.repeat(200_000)}x${' '.repeat(200_000)}y`)
    fetch.presentedBy(new Request('http://x/', { headers: { authorization: `a${',   '.repeat(50_000)}b` } }))
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })

  it('a Request with joined headers tells how many there were', () => {
    const count = (value: string): number =>
      fetch.presentedBy(new Request('http://x/', { headers: { authorization: value } })).authorization.length
    expect([count('Bearer a'), count('Bearer a, Bearer b'), count('Bearer a,x'), count('Basic a, bearer b')]).toEqual([
      1, 2, 2, 2,
    ])
    expect(count('AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c')).toBe(1)
    expect(fetch.presentedBy(new Request('http://x/a?access_token=b'))).toMatchObject({ path: '/a', authorization: [] })
  })
})

describe('the probe', () => {
  const options = { probe: '/probe', optional: true }
  const probe = (method: string, path: string, authorization: readonly string[]) =>
    authenticateRequest(verifier, { method, path, authorization }, options)

  it('answers nobody 204 who is not accepted, also where nobody may come in', async () => {
    const authorization = [`Bearer ${KEY.token()}`]
    expect(await probe('GET', '/probe', authorization)).toHaveProperty('answer.status', 204)
    expect(await probe('GET', '/probe', [])).toHaveProperty('answer.status', 401)
  })

  it('is a GET of one path, and of none unless it is asked for', async () => {
    const authorization = [`Bearer ${KEY.token()}`]
    expect(await probe('POST', '/probe', authorization)).toHaveProperty('passport')
    expect(await probe('GET', '/probe/', authorization)).toHaveProperty('passport')
    const unasked = { method: 'GET', path: '/probe', authorization }
    expect(await authenticateRequest(verifier, unasked, {})).toHaveProperty('passport')
  })
})

describe('the requirements of a route', () => {
  it('let pass by role and by strategy, and all of them count', async () => {
    expect(await statusFor({ roles: ['support'] }, { roles: ['admin', 'support'] })).toBe(200)
    expect(await statusFor({ roles: ['supporter'] }, { roles: ['support'] })).toBe(403)
    expect(await statusFor({ roles: [] }, { roles: ['support'] })).toBe(403)
    expect(await statusFor({ strategy: 'stateless' }, { strategies: ['hybrid'] })).toBe(403)
    expect(await statusFor({ roles: ['support'] }, { roles: ['support'], strategies: ['stateless'] })).toBe(403)
  })

  it('RFC 9470 3 name the age that would do, in whole seconds', async () => {
    const judged = await requirePassage(await letIn({ auth_time: START_SECONDS - 60 }), { maxAuthAgeSeconds: 30.5 })
    if (!('answer' in judged)) throw new Error('the sign-in is too old')
    expect(judged.answer.status).toBe(401)
    expect(judged.answer.headers['www-authenticate']).toMatch(
      /^Bearer realm="counterfoil", error="insufficient_user_authentication", error_description="[^"]+", max_age="30"$/,
    )
    expect(await statusFor({ auth_time: START_SECONDS - 60 }, { maxAuthAgeSeconds: 60 })).toBe(200)
  })

  it('hold back what is not fresh: 503, and nothing is fresh without the feed', async () => {
    expect(await statusFor({}, { fresh: true })).toBe(503)
    expect(await statusFor({}, { fresh: false })).toBe(200)
  })

  it('may only name an audience of the verifier, and hold back who is for another', async () => {
    const one = { authorization: [`Bearer ${KEY.token({ aud: ISSUER })}`], ...GET }
    expect(await authenticateRequest(verifier, one, { audience: ISSUER })).toHaveProperty('passport')
    expect(await authenticateRequest(verifier, one, { audience: AUDIENCE })).toHaveProperty('answer.status', 401)
    await expect(authenticateRequest(verifier, one, { audience: 'https://x.example' })).rejects.toThrow(TypeError)
  })

  it('go before nobody: a route that was never authenticated is a mistake', async () => {
    await expect(passage()({})).rejects.toThrow('authenticate goes before require')
    expect(() => acceptedOf({})).toThrow(TypeError)
  })

  it('let nobody pass where nobody was let in', async () => {
    const request = {}
    await admission(verifier, { optional: true })(request, { ...GET, authorization: [] })
    expect(acceptedOf(request)).toBeUndefined()
    expect(await passage()(request)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="counterfoil"' },
    })
  })
})

describe('what could not mean anything', () => {
  const options = ['{"roles":["a"]}', '{"onStale":"never"}', '{"probe":"probe"}', '{"optional":"no"}', '{"probe":""}']
  const requirements = [
    '{"role":["support"]}',
    '{"roles":"support"}',
    '{"roles":[]}',
    '{"roles":[""]}',
    '{"strategies":"hybrid"}',
    '{"fresh":"no"}',
    '{"maxAuthAge":60}',
    '{"maxAuthAgeSeconds":-1}',
    '{"maxAuthAgeSeconds":"60"}',
    '{"onStale":"never"}',
  ]

  it.each(options)('is refused as an option when a service is made: %s', (json) => {
    const mistake = JSON.parse(json) as object
    expect(() => assertOptions(mistake)).toThrow(TypeError)
    for (const adapter of [express, fastify, fetch, hono, nest, node])
      expect(() => adapter.authenticate(verifier, mistake)).toThrow(TypeError)
  })

  it.each(requirements)('is refused as a requirement when a route is made: %s', (json) => {
    const mistake = JSON.parse(json) as object
    expect(() => assertRequirements(mistake)).toThrow(TypeError)
    for (const adapter of [express, fastify, fetch, hono, nest, node])
      expect(() => adapter.require(mistake)).toThrow(TypeError)
  })
})
