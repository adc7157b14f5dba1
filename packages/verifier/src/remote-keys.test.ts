import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readMaxAge } from './fetch-key-set.ts'
import { AUDIENCE, StillClock, TestKey } from './issuer.fixture.ts'
import type { RemoteJwksOptions, VerifierOptions } from './options.ts'
import { createVerifier, type Verifier } from './verifier.ts'

const OLD = new TestKey('EdDSA', 'old')
const NEW = new TestKey('ES256', 'new')
const STRANGER = new TestKey('EdDSA', 'stranger')

interface Answer {
  readonly status?: number
  readonly headers?: Record<string, string>
  /** `silence` says nothing at all; `half` begins and goes no further. */
  readonly body: string | 'silence' | 'half'
}

/** An issuer's key set over real HTTP, with whatever answer a test wants. */
class KeySetServer {
  readonly #server: Server
  readonly paths: string[] = []
  answer: Answer = { body: '' }

  constructor() {
    this.#server = createServer((request, response) => {
      this.paths.push(request.url ?? '')
      const { status = 200, headers, body } = this.answer
      if (body === 'silence') return
      response.writeHead(status, { 'content-type': 'application/jwk-set+json', ...headers })
      if (body === 'half') response.write('{"keys":[')
      else response.end(body)
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  publish(...keys: TestKey[]): void {
    this.answer = { body: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }) }
  }

  get requests(): number {
    return this.paths.length
  }
}

describe('keys over HTTP', () => {
  let server: KeySetServer
  let issuer: string
  let clock: StillClock

  beforeEach(async () => {
    server = new KeySetServer()
    server.publish(OLD)
    issuer = await server.listen()
    clock = new StillClock()
  })

  afterEach(() => server.close())

  function make(jwks: RemoteJwksOptions = {}, more: Partial<VerifierOptions> = {}): Verifier {
    return createVerifier({ issuer, audience: AUDIENCE, clock, jwks, ...more })
  }

  function token(key: TestKey): string {
    return key.token({ iss: issuer, exp: clock.now() / 1000 + 100_000 })
  }

  async function outcome(verifier: Verifier, credential: string): Promise<string> {
    const decision = await verifier.verify(credential)
    return decision.outcome === 'refused' ? decision.reason : decision.outcome
  }

  it('are fetched from below the issuer at the first check, and from then on there is no promise', async () => {
    const verifier = make()
    expect([server.requests, verifier.status().keys.usable]).toEqual([0, undefined])
    expect(await outcome(verifier, token(OLD))).toBe('accepted')
    expect(verifier.verify(token(OLD))).toMatchObject({ outcome: 'accepted' })
    expect(server.paths).toEqual(['/.well-known/jwks.json'])
    expect(verifier.status().keys).toMatchObject({ source: 'remote', usable: 1, fetchedAt: clock.now(), failures: 0 })
  })

  it('are fetched from below the path of an issuer that has one, and from where an option says', async () => {
    const tenant = createVerifier({ issuer: `${issuer}/tenant/`, audience: AUDIENCE, clock })
    await tenant.verify(token(OLD))
    await make({ uri: `${issuer}/elsewhere` }).verify(token(OLD))
    expect(server.paths).toEqual(['/tenant/.well-known/jwks.json', '/elsewhere'])
  })

  it('are asked for once, however many checks wait for them', async () => {
    const verifier = make()
    const decisions = await Promise.all(Array.from({ length: 50 }, () => outcome(verifier, token(OLD))))
    expect([new Set(decisions), server.requests]).toEqual([new Set(['accepted']), 1])
  })

  it('V9.1.3 come from nowhere a token points to', async () => {
    const evil = new KeySetServer()
    evil.publish(STRANGER)
    const uri = await evil.listen()
    const verifier = make()
    const claims = { iss: issuer }
    for (const header of [{ jku: uri }, { x5u: uri }, { kid: uri }, { jwk: STRANGER.jwk }]) {
      expect(await outcome(verifier, STRANGER.token(claims, header))).toBe('untrusted')
    }
    expect(await outcome(verifier, STRANGER.token({ iss: uri }))).toBe('untrusted')
    expect(evil.requests).toBe(0)
    await evil.close()
  })

  describe('grow old:', () => {
    it('they are fetched again in the background when three quarters of their age are over', async () => {
      const verifier = make({ maxAgeSeconds: 100, cooldownSeconds: 1000 })
      await verifier.verify(token(OLD))
      clock.forward(74)
      expect(verifier.verify(token(OLD))).toMatchObject({ outcome: 'accepted' })
      expect(server.requests).toBe(1)
      server.publish(OLD, NEW)
      clock.forward(1)
      const credential = token(OLD)
      expect(verifier.verify(credential)).toMatchObject({ outcome: 'accepted' })
      // Waits for the fetch that is under way: an unknown key joins it.
      expect(await outcome(verifier, token(NEW))).toBe('accepted')
      expect(server.requests).toBe(2)
    })

    it('past their age checks wait for the next set, and a key that is gone takes its cached tokens with it', async () => {
      const verifier = make({ maxAgeSeconds: 100 })
      const credential = token(OLD)
      await verifier.verify(credential)
      server.publish(NEW)
      clock.forward(100)
      expect(verifier.verify(credential)).toBeInstanceOf(Promise)
      expect(await outcome(verifier, credential)).toBe('untrusted')
      expect(await outcome(verifier, token(NEW))).toBe('accepted')
      expect(verifier.status().cache.entries).toBe(1)
    })

    it('the answer may shorten their age, down to the cooldown, but not lengthen it', async () => {
      for (const [cacheControl, lives] of [
        ['max-age=60', 60],
        ['max-age=1', 30],
        ['no-store', 30],
        ['max-age=86400', 300],
        ['public', 300],
      ] as const) {
        server.answer = { ...server.answer, headers: { 'cache-control': cacheControl } }
        const verifier = make()
        await verifier.verify(token(OLD))
        const asked = server.requests
        clock.forward(lives * 0.75 - 1)
        expect(verifier.verify(token(OLD))).toMatchObject({ outcome: 'accepted' })
        expect([cacheControl, server.requests - asked]).toEqual([cacheControl, 0])
        clock.forward(lives * 0.25 + 1)
        await verifier.verify(token(OLD))
        expect([cacheControl, server.requests - asked]).toEqual([cacheControl, 1])
      }
    })

    it('a clock that goes back makes them old too', async () => {
      const verifier = make()
      await verifier.verify(token(OLD))
      clock.forward(-300)
      await verifier.verify(token(OLD))
      expect(server.requests).toBe(2)
    })
  })

  describe('with an unknown kid', () => {
    it('are fetched anew once the cooldown is over, so that a new key is trusted', async () => {
      const verifier = make()
      await verifier.verify(token(OLD))
      server.publish(OLD, NEW)
      expect(await outcome(verifier, token(NEW))).toBe('untrusted')
      clock.forward(29)
      expect(await outcome(verifier, token(NEW))).toBe('untrusted')
      expect(server.requests).toBe(1)
      clock.forward(1)
      expect(await outcome(verifier, token(NEW))).toBe('accepted')
      expect(server.requests).toBe(2)
    })

    it('are fetched once per cooldown under a flood of forged tokens', async () => {
      const verifier = make()
      await verifier.verify(token(OLD))
      for (let second = 0; second < 120; second++) {
        const flood = Array.from({ length: 10 }, (_, at) =>
          outcome(
            verifier,
            STRANGER.token({ iss: 'https://evil.example' }, { kid: `${String(second)}-${String(at)}` }),
          ),
        )
        expect(new Set(await Promise.all(flood))).toEqual(new Set(['untrusted']))
        clock.forward(1)
      }
      expect(server.requests).toBe(4)
    })

    it('are not fetched for what is refused anyway', async () => {
      server.publish(OLD, NEW)
      const verifier = make()
      await verifier.verify(token(OLD))
      clock.forward(60)
      const [header = '', payload = ''] = token(STRANGER).split('.')
      const bad = [token(STRANGER).slice(1), `${header}.${payload}`, STRANGER.token({}, { alg: 'HS256' })]
      for (const credential of [...bad, STRANGER.token({}, { typ: 'JWT' }), STRANGER.token({}, { kid: undefined })]) {
        await verifier.verify(credential)
      }
      expect(server.requests).toBe(1)
    })
  })

  describe.each<[string, Answer]>([
    ['an error', { status: 500, body: '{"keys":[]}' }],
    ['no content', { status: 204, body: '' }],
    ['a page', { body: '<html></html>' }],
    ['no key set', { body: '{"error":"maintenance"}' }],
    ['a list', { body: '[]' }],
    ['doubled members', { body: '{"keys":[],"keys":[]}' }],
    ['too much', { body: JSON.stringify({ keys: [], fill: 'x'.repeat(2 ** 18) }) }],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' }, body: '' }],
    ['silence', { body: 'silence' }],
    ['half an answer', { body: 'half' }],
  ])('answered with %s', (_, answer) => {
    const limits = { timeoutMs: 40, maxAgeSeconds: 100, staleIfErrorSeconds: 1000 }

    it('leave nobody signed out: without keys nobody can tell', async () => {
      server.answer = answer
      const verifier = make(limits)
      expect(await verifier.verify(token(OLD))).toEqual({
        outcome: 'unknown',
        reason: 'keys-unavailable',
        retryAfterMs: 1000,
      })
      expect(verifier.status()).toMatchObject({ keys: { usable: undefined, failures: 1 }, decisions: { unknown: 1 } })
      expect(verifier.status().keys.error).toMatch(/./)
      // Nobody asks again before the time that was named.
      expect(verifier.verify(token(OLD))).toMatchObject({ outcome: 'unknown' })
      expect(server.paths).toEqual(['/.well-known/jwks.json'])
      clock.forward(1)
      server.publish(OLD)
      expect(await outcome(verifier, token(OLD))).toBe('accepted')
      expect(verifier.status().keys).toMatchObject({ failures: 0, error: undefined })
    })

    it('do their work within the bound, and no longer', async () => {
      const verifier = make(limits)
      await verifier.verify(token(OLD))
      server.answer = answer
      clock.forward(100)
      expect(await outcome(verifier, token(OLD))).toBe('accepted')
      clock.forward(999)
      expect(await outcome(verifier, token(OLD))).toBe('accepted')
      clock.forward(1)
      expect(await outcome(verifier, token(OLD))).toBe('unknown')
    })
  })

  describe('out of reach', () => {
    beforeEach(() => {
      server.answer = { status: 503, body: '' }
    })

    it('are asked for less and less often, down to once per cooldown', async () => {
      const verifier = make()
      const askedAt: number[] = []
      for (let second = 0; second < 130; second++) {
        const before = server.requests
        await verifier.verify(token(OLD))
        if (server.requests > before) askedAt.push(second)
        clock.forward(1)
      }
      expect(askedAt).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121])
    })

    it('say when to come back', async () => {
      const verifier = make()
      for (const retryAfterMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
        expect(await verifier.verify(token(OLD))).toEqual({
          outcome: 'unknown',
          reason: 'keys-unavailable',
          retryAfterMs,
        })
        clock.forward(retryAfterMs / 1000)
      }
    })

    it('leave a token with an unknown kid undecided, since its key may be new', async () => {
      server.publish(OLD)
      const verifier = make({ staleIfErrorSeconds: 1000 })
      await verifier.verify(token(OLD))
      server.answer = { status: 503, body: '' }
      clock.forward(30)
      expect(await outcome(verifier, token(NEW))).toBe('unknown')
      expect(await outcome(verifier, token(NEW))).toBe('unknown')
      expect([await outcome(verifier, token(OLD)), server.requests]).toEqual(['accepted', 2])
    })

    it('make nobody wait who has keys to go by', async () => {
      server.publish(OLD)
      const verifier = make()
      await verifier.verify(token(OLD))
      server.answer = { status: 503, body: '' }
      clock.forward(300)
      await verifier.verify(token(OLD))
      clock.forward(10)
      expect(verifier.verify(token(OLD))).toMatchObject({ outcome: 'accepted' })
    })
  })

  it('that are withdrawn altogether are trusted no longer', async () => {
    const verifier = make()
    await verifier.verify(token(OLD))
    server.publish()
    clock.forward(300)
    expect(await outcome(verifier, token(OLD))).toBe('untrusted')
    expect(verifier.status().keys).toMatchObject({ usable: 0, failures: 0 })
  })

  it('are used where they can be, and skipped where not', async () => {
    const keys = [OLD.jwk, STRANGER.privateJwk, { kty: 'oct', k: 'AAAA', kid: 'mac' }, { ...NEW.jwk, use: 'enc' }, null]
    server.answer = { body: JSON.stringify({ keys }) }
    const verifier = make()
    expect(await outcome(verifier, token(OLD))).toBe('accepted')
    expect(await outcome(verifier, token(STRANGER))).toBe('untrusted')
    expect(await outcome(verifier, token(NEW))).toBe('untrusted')
    expect(verifier.status().keys).toMatchObject({ usable: 1, skipped: 4 })
  })

  it('are fetched with the fetch that was given, and no answer that was redirected counts', async () => {
    const asked: (string | undefined)[] = []
    const given: typeof fetch = (input, init) => {
      asked.push(typeof input === 'string' ? init?.redirect : undefined)
      return fetch(input, init)
    }
    expect(await outcome(make({}, { fetch: given }), token(OLD))).toBe('accepted')
    expect(asked).toEqual(['manual'])
    server.answer = { status: 302, headers: { location: '/loop' }, body: '' }
    const following: typeof fetch = async () => {
      const answer = new Response(JSON.stringify({ keys: [OLD.jwk] }))
      Object.defineProperty(answer, 'redirected', { value: true })
      return Promise.resolve(answer)
    }
    expect(await outcome(make({}, { fetch: following }), token(OLD))).toBe('unknown')
  })

  it('work the same where signatures are checked with WebCrypto', async () => {
    const verifier = make({}, { engine: 'web' })
    expect(await outcome(verifier, token(OLD))).toBe('accepted')
    server.publish(OLD, NEW)
    clock.forward(30)
    expect(await outcome(verifier, token(NEW))).toBe('accepted')
    expect([await outcome(verifier, token(STRANGER)), server.requests]).toEqual(['untrusted', 2])
  })
})

describe('max-age of an answer', () => {
  it.each([
    [null, undefined],
    ['', undefined],
    ['public, max-age=60', 60],
    ['MAX-AGE="60"', 60],
    ['max-age=60, no-cache', 0],
    ['No-Store', 0],
    ['s-maxage=60', undefined],
    ['max-age=-1', undefined],
    ['max-age=x', undefined],
    ['x-max-age=60', undefined],
  ])('of %j is %j', (cacheControl, seconds) => {
    expect(readMaxAge(cacheControl)).toBe(seconds)
  })
})
