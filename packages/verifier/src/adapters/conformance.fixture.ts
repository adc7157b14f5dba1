import { getEventListeners } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { OnStale } from '../judgement.ts'
import { hashOf, TestClient } from '../proof/client.fixture.ts'
import { createVerifier, type Verifier } from '../verifier.ts'
import { TestAuthority } from './authority.fixture.ts'
import { ForwardClock } from './clock.fixture.ts'

/** A service that serves what the suite asks for, by one adapter. */
export interface Service {
  readonly port: number
  close(): Promise<unknown>
}

/**
 * What a service must serve: `/who` `{id, fresh}`, `/support` for the role support, `/hybrid` for that strategy, `/recent` for sign-ins of the last
 * minute, `/strict` with `onStale: 'reject'`, `/fresh` with `fresh: true`, `/both` with both, `/open` for nobody too, `/stream` one line and then
 * nothing until the session ends, `/strict/stream` the same with `onStale: 'reject'`, and the probe.
 */
export type Serve = (verifier: Verifier) => Promise<Service>

export const PROBE = '/.well-known/probe'

interface Got {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

function open(port: number, path: string, headers: readonly string[], method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      port,
      host: '127.0.0.1',
      path,
      method,
      headers: ['host', `127.0.0.1:${port}`, ...headers],
    })
    sent.once('response', resolve).once('error', reject).end()
  })
}

async function read(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

async function get(port: number, path: string, headers: readonly string[] = [], method?: string): Promise<Got> {
  const response = await open(port, path, headers, method)
  return { status: response.statusCode ?? 0, headers: response.headers, text: await read(response) }
}

const bearer = (token: string): readonly string[] => ['authorization', `Bearer ${token}`]

/** Opens a stream, and waits for its first line. */
async function begin(port: number, path: string, token: string): Promise<IncomingMessage> {
  const response = await open(port, path, bearer(token))
  response.on('error', () => undefined)
  const first = await new Promise((resolve) => response.once('data', (chunk) => resolve(String(chunk))))
  expect(first).toContain('begun')
  return response
}

const endOf = (response: IncomingMessage): Promise<unknown> => new Promise((resolve) => response.once('close', resolve))
const codeOf = ({ text }: Got): unknown => (JSON.parse(text) as { code?: unknown }).code

/** Holds one adapter to what all of them promise. */
export function holdAdapter(name: string, serve: Serve): void {
  describe(`the adapter for ${name}`, () => {
    const authority = new TestAuthority()
    let verifier: Verifier
    let service: Service
    let port = 0

    beforeAll(async () => {
      await authority.open()
      const { issuer, jwks } = authority
      verifier = createVerifier({ issuer, audience: issuer, jwks, feed: { key: 'k' } })
      service = await serve(verifier)
      ;({ port } = service)
    })

    afterAll(async () => {
      verifier.close()
      await service.close()
      await authority.close()
    })

    it('lets in whoever shows a good credential, and says who that is', async () => {
      const { token } = authority.token({ sub: 'AQIDBAUGBwgJCgsMDQ4PEA' })
      const got = await get(port, '/who?a=b', bearer(token))
      expect([got.status, JSON.parse(got.text)]).toEqual([200, { id: 'AQIDBAUGBwgJCgsMDQ4PEA', fresh: true }])
      expect((await get(port, '/who', ['Authorization', `bEaReR  ${token}`])).status).toBe(200)
      expect(await get(port, '/who', bearer(token), 'HEAD')).toMatchObject({ status: 200, text: '' })
    })

    it('RFC 6750 3 challenges whoever shows none, without an error code', async () => {
      for (const headers of [[], ['authorization', 'Basic YTpi'], ['cookie', '__Host-session=x']]) {
        const got = await get(port, '/who', headers)
        expect([got.status, got.headers['www-authenticate'], codeOf(got)]).toEqual([
          401,
          'Bearer realm="counterfoil"',
          'credential_absent',
        ])
        expect(got.headers['cache-control']).toBe('no-store')
        expect(got.headers['content-type']).toMatch(/^application\/problem\+json/)
      }
      expect((await get(port, `/who?access_token=${authority.token().token}`)).status).toBe(401)
    })

    it('RFC 9449 7.1 takes a bound token with a proof of its key, and looks at it once only', async () => {
      const client = new TestClient()
      const { token } = authority.token({ cnf: { jkt: client.thumbprint }, roles: ['support'] })
      const proof = (path: string, claims: object = {}): string =>
        client.prove({ claims: { htu: authority.issuer + path, ath: hashOf(token), ...claims } }, Date.now() / 1000)
      const show = (dpop: string): readonly string[] => ['authorization', `DPoP ${token}`, 'DPoP', dpop]
      for (const path of ['/who', '/recent', '/both'])
        expect((await get(port, `${path}?a=b`, show(proof(path)))).status).toBe(200)
      const once = proof('/who')
      expect((await get(port, '/who', show(once))).status).toBe(200)
      const refused = [
        show(once),
        show(proof('/other')),
        show(proof('/who', { htm: 'POST' })),
        [...show(proof('/who')), 'dpop', proof('/who')],
        ['authorization', `DPoP ${token}`],
      ]
      for (const headers of refused) {
        const got = await get(port, '/who', headers)
        expect([got.status, codeOf(got)]).toEqual([401, 'invalid_dpop_proof'])
        expect(got.headers['www-authenticate']).toMatch(
          /^DPoP realm="counterfoil", algs="ES256 .*error="invalid_dpop_proof"/,
        )
      }
    })

    it('RFC 9449 7.2 refuses a bound token as a bearer token, and any other with the DPoP scheme', async () => {
      const client = new TestClient()
      const { token } = authority.token({ cnf: { jkt: client.thumbprint } })
      const dpop = client.prove({ claims: { htu: `${authority.issuer}/who`, ath: hashOf(token) } }, Date.now() / 1000)
      const asBearer = await get(port, '/who', [...bearer(token), 'dpop', dpop])
      expect([asBearer.status, codeOf(asBearer)]).toEqual([401, 'credential_bound'])
      expect(asBearer.headers['www-authenticate']).toMatch(/^DPoP .*error="invalid_token"/)
      const unbound = await get(port, '/who', ['authorization', `DPoP ${authority.token().token}`, 'dpop', dpop])
      expect([unbound.status, codeOf(unbound)]).toEqual([401, 'credential_unbound'])
      const twice = await get(port, '/who', [
        'authorization',
        `DPoP ${token}`,
        'authorization',
        `Bearer ${token}`,
        'dpop',
        dpop,
      ])
      expect(twice.status).toBe(400)
    })

    it('RFC 6750 3.1 tells what is wrong with a bad one', async () => {
      const ended = authority.token()
      authority.revoke(ended.sessionId)
      const cases = [
        [authority.token({ exp: 1 }).token, 'credential_expired'],
        ['nonsense', 'credential_untrusted'],
        ['two words', 'credential_untrusted'],
        [authority.token({ aud: 'https://other.example.com' }).token, 'credential_untrusted'],
        [ended.token, 'credential_ended'],
      ] as const
      for (const [token, code] of cases) {
        const got = await get(port, '/who', bearer(token))
        expect([got.status, codeOf(got)]).toEqual([401, code])
        expect(got.headers['www-authenticate']).toMatch(/^Bearer realm="counterfoil", error="invalid_token"/)
        expect(got.text).not.toContain(token)
      }
    })

    it('RFC 6750 2 refuses two credentials, also where nobody may come in', async () => {
      const { token } = authority.token()
      for (const path of ['/who', '/open', PROBE]) {
        for (const second of [bearer('x'), bearer(token), ['authorization', 'Basic YTpi']]) {
          const got = await get(port, path, [...bearer(token), ...second])
          expect([got.status, codeOf(got)]).toEqual([400, 'ambiguous_credentials'])
          expect(got.headers['www-authenticate']).toMatch(/^Bearer realm="counterfoil", error="invalid_request"/)
          expect(got.headers['cache-control']).toBe('no-store')
        }
      }
    })

    it('challenges whoever shows another scheme, whatever commas that holds', async () => {
      const got = await get(port, '/who', ['authorization', 'Digest username="a", realm="b", uri="/"'])
      expect([got.status, codeOf(got)]).toEqual([401, 'credential_absent'])
    })

    it('refuses a HEAD without a body, and as it would a GET', async () => {
      const got = await get(port, '/who', bearer('nonsense'), 'HEAD')
      expect([got.status, got.text, got.headers['cache-control']]).toEqual([401, '', 'no-store'])
      expect(got.headers['www-authenticate']).toMatch(/^Bearer realm="counterfoil", error="invalid_token"/)
    })

    it('lets nobody in where that is allowed, and no bad credential', async () => {
      expect(JSON.parse((await get(port, '/open')).text)).toEqual({ id: null })
      expect((await get(port, '/open', bearer('nonsense'))).status).toBe(401)
      const { token } = authority.token({ sub: 'AQIDBAUGBwgJCgsMDQ4PEA' })
      expect(JSON.parse((await get(port, '/open', bearer(token))).text)).toEqual({ id: 'AQIDBAUGBwgJCgsMDQ4PEA' })
    })

    it('lets pass by role, and says 403 to whoever is known and may not', async () => {
      const may = await get(port, '/support', bearer(authority.token({ roles: ['support'] }).token))
      expect(may.status).toBe(200)
      const mayNot = await get(port, '/support', bearer(authority.token({ roles: ['admin'] }).token))
      expect([mayNot.status, codeOf(mayNot)]).toEqual([403, 'not_allowed'])
      expect(mayNot.headers['www-authenticate']).toContain('error="insufficient_scope"')
      expect((await get(port, '/support')).status).toBe(401)
      expect((await get(port, '/hybrid', bearer(authority.token().token))).status).toBe(200)
      const other = await get(port, '/hybrid', bearer(authority.token({ strategy: 'stateless' }).token))
      expect([other.status, codeOf(other)]).toEqual([403, 'not_allowed'])
    })

    it('RFC 9470 3 asks for a newer sign-in where it is too old', async () => {
      const now = Math.floor(Date.now() / 1000)
      expect((await get(port, '/recent', bearer(authority.token().token))).status).toBe(200)
      const got = await get(port, '/recent', bearer(authority.token({ auth_time: now - 120 }).token))
      expect([got.status, codeOf(got)]).toEqual([401, 'reauthentication_required'])
      expect(got.headers['www-authenticate']).toMatch(/error="insufficient_user_authentication".*max_age="60"/)
    })

    it('answers the probe by itself', async () => {
      const { token, sessionId } = authority.token()
      const got = await get(port, PROBE, bearer(token))
      expect(got).toMatchObject({ status: 204, text: '', headers: { 'cache-control': 'no-store' } })
      expect((await get(port, `${PROBE}?at=1`, bearer(token))).status).toBe(204)
      expect((await get(port, PROBE)).status).toBe(401)
      authority.revoke(sessionId)
      await vi.waitFor(async () => expect((await get(port, PROBE, bearer(token))).status).toBe(401))
    })

    it('ends a stream when its session ends', async () => {
      const { token, sessionId } = authority.token()
      const response = await begin(port, '/stream', token)
      const other = await begin(port, '/stream', authority.token().token)
      const ended = endOf(response)
      authority.revoke(sessionId)
      await ended
      expect(response.complete).toBe(false)
      expect(other.destroyed).toBe(false)
      other.destroy()
    })

    it('listens no longer for the end of a session whose stream is over', async () => {
      const { token } = authority.token()
      const decision = await verifier.verify(token)
      if (decision.outcome !== 'accepted') throw new Error('the token is good')
      const listening = (): number => getEventListeners(decision.signal, 'abort').length
      const responses = await Promise.all(Array.from({ length: 3 }, () => begin(port, '/stream', token)))
      expect(listening()).toBe(3)
      for (const response of responses) response.destroy()
      await vi.waitFor(() => expect(listening()).toBe(0))
    })

    /** A service whose verifier had a lease, and has lost it. */
    async function whileStale(
      onStale: OnStale,
      ask: (port: number, token: string, lose: () => void) => Promise<void>,
    ): Promise<void> {
      const { issuer, jwks } = authority
      const clock = new ForwardClock()
      const own = createVerifier({ issuer, audience: issuer, jwks, feed: { key: 'k' }, onStale, clock })
      const other = await serve(own)
      try {
        const { token } = authority.token()
        expect((await get(other.port, '/strict', bearer(token))).status).toBe(200)
        await ask(other.port, token, () => {
          authority.grantsLeases = false
          clock.forward(61_000)
        })
      } finally {
        authority.grantsLeases = true
        authority.isAway = false
        own.close()
        await other.close()
      }
    }

    const seen = ({ status, text }: Got): unknown[] => [
      status,
      status === 200 ? (JSON.parse(text) as { fresh?: unknown }).fresh : undefined,
    ]

    it('says 503 and never 401 while nobody can tell, with the reason and when to try again', () =>
      whileStale('reject', async (at, token, lose) => {
        lose()
        for (const path of ['/who', '/strict', '/fresh', '/both', '/recent', '/support', '/open', PROBE]) {
          const got = await get(at, path, bearer(token))
          expect([got.status, codeOf(got)]).toEqual([503, 'cannot_tell'])
          expect(JSON.parse(got.text)).toMatchObject({ reason: 'stale' })
          expect(Number(got.headers['retry-after'])).toBeGreaterThan(0)
          expect(got.headers['www-authenticate']).toBeUndefined()
          expect(got.headers['cache-control']).toBe('no-store')
        }
      }))

    it('asks the issuer while the lease is lost, where a route takes that for an answer', () =>
      whileStale('introspect', async (at, token, lose) => {
        lose()
        for (const path of ['/who', '/fresh', '/recent'])
          expect(seen(await get(at, path, bearer(token)))).toEqual([200, true])
        for (const path of ['/strict', '/both']) expect((await get(at, path, bearer(token))).status).toBe(503)
        const ended = authority.token()
        authority.revoke(ended.sessionId)
        expect(codeOf(await get(at, '/who', bearer(ended.token)))).toBe('credential_ended')
        authority.isAway = true
        for (const path of ['/who', '/fresh', '/recent']) expect((await get(at, path, bearer(token))).status).toBe(503)
      }))

    it('goes on while the lease is lost where that is wanted, and says so', () =>
      whileStale('accept', async (at, token, lose) => {
        lose()
        expect(seen(await get(at, '/who', bearer(token)))).toEqual([200, false])
        expect(seen(await get(at, '/recent', bearer(token)))).toEqual([200, false])
        expect(seen(await get(at, '/fresh', bearer(token)))).toEqual([200, true])
        for (const path of ['/strict', '/both']) expect((await get(at, path, bearer(token))).status).toBe(503)
        authority.isAway = true
        expect(seen(await get(at, '/who', bearer(token)))).toEqual([200, false])
        expect((await get(at, '/fresh', bearer(token))).status).toBe(503)
      }))

    it('ends with the lease what a route opened that rejects what is stale, and nothing else', () =>
      whileStale('accept', async (at, token, lose) => {
        const lenient = await begin(at, '/stream', token)
        const strict = await begin(at, '/strict/stream', token)
        const ended = endOf(strict)
        lose()
        await ended
        expect(strict.complete).toBe(false)
        expect(lenient.destroyed).toBe(false)
        lenient.destroy()
      }))
  })
}
