import { request as httpRequest, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVerifier, type Verifier } from '../verifier.ts'
import { TestAuthority } from './authority.fixture.ts'

/** A service that serves what the suite asks for, by one adapter. */
export interface Service {
  readonly port: number
  close(): Promise<unknown>
}

/**
 * What a service must serve: `/who` `{id, fresh}`, `/support` for the role support, `/recent` for sign-ins of the last minute, `/strict` with
 * `onStale: 'reject'`, `/lenient` with `onStale: 'accept'`, `/fresh` with `fresh: true`, `/open` for nobody too, `/stream` one line and then
 * nothing until the session ends, and the probe.
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
        expect([got.status, got.headers['www-authenticate'], codeOf(got)]).toEqual([401, 'Bearer', 'credential_absent'])
        expect(got.headers['cache-control']).toBe('no-store')
        expect(got.headers['content-type']).toMatch(/^application\/problem\+json/)
      }
      expect((await get(port, `/who?access_token=${authority.token().token}`)).status).toBe(401)
    })

    it('RFC 6750 3.1 tells what is wrong with a bad one', async () => {
      const ended = authority.token()
      authority.revoke(ended.sessionId)
      const cases = [
        [authority.token({ exp: 1 }).token, 'credential_expired'],
        ['nonsense', 'credential_untrusted'],
        [authority.token({ aud: 'https://other.example.com' }).token, 'credential_untrusted'],
        [ended.token, 'credential_ended'],
      ] as const
      for (const [token, code] of cases) {
        const got = await get(port, '/who', bearer(token))
        expect([got.status, codeOf(got)]).toEqual([401, code])
        expect(got.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token"/)
        expect(got.text).not.toContain(token)
      }
    })

    it('RFC 6750 2 refuses two credentials', async () => {
      const { token } = authority.token()
      const got = await get(port, '/who', [...bearer(token), ...bearer('x')])
      expect(got.status).toBeGreaterThanOrEqual(400)
      expect(got.status).toBeLessThan(402)
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
    })

    it('RFC 9470 3 asks for a newer sign-in where it is too old', async () => {
      const now = Math.floor(Date.now() / 1000)
      expect((await get(port, '/recent', bearer(authority.token().token))).status).toBe(200)
      const got = await get(port, '/recent', bearer(authority.token({ auth_time: now - 120 }).token))
      expect([got.status, codeOf(got)]).toEqual([401, 'reauthentication_required'])
      expect(got.headers['www-authenticate']).toMatch(/error="insufficient_user_authentication".*max_age="60"/)
    })

    it('answers the probe by itself', async () => {
      expect(await get(port, PROBE, bearer(authority.token().token))).toMatchObject({ status: 204, text: '' })
      expect((await get(port, PROBE)).status).toBe(401)
    })

    it('ends a stream when its session ends', async () => {
      const { token, sessionId } = authority.token()
      const response = await open(port, '/stream', bearer(token))
      const first = await new Promise((resolve) => response.once('data', (chunk) => resolve(String(chunk))))
      expect(first).toContain('begun')
      const ended = new Promise((resolve) => response.once('close', resolve))
      response.on('error', () => undefined)
      authority.revoke(sessionId)
      await ended
      expect(response.complete).toBe(false)
    })

    it('says 503 and never 401 while nobody can tell, as each route wants it', async () => {
      const { issuer, jwks } = authority
      const now = { wall: 0 }
      const clock = { now: () => Date.now() + now.wall }
      const own = createVerifier({ issuer, audience: issuer, jwks, feed: { key: 'k' }, onStale: 'accept', clock })
      const other = await serve(own)
      try {
        const { token } = authority.token()
        expect((await get(other.port, '/strict', bearer(token))).status).toBe(200)
        authority.isAway = true
        // As after a sleep that was longer than the lease.
        now.wall = 61_000
        const strict = await get(other.port, '/strict', bearer(token))
        expect([strict.status, codeOf(strict)]).toEqual([503, 'cannot_tell'])
        expect(Number(strict.headers['retry-after'])).toBeGreaterThan(0)
        expect(strict.headers['www-authenticate']).toBeUndefined()
        expect(JSON.parse((await get(other.port, '/who', bearer(token))).text)).toMatchObject({ fresh: false })
        expect((await get(other.port, '/fresh', bearer(token))).status).toBe(503)
      } finally {
        authority.isAway = false
        own.close()
        await other.close()
      }
    })
  })
}
