import { describe, expect, it, onTestFinished } from 'vitest'
import { wireOfLease, type Revocation, type SessionId } from '@counterfoil/protocol'
import { AUDIENCE, ISSUER, START_SECONDS, TestKey } from './issuer.fixture.ts'
import type { VerifierOptions } from './options.ts'
import { hashOf, TestClient } from './proof/client.fixture.ts'
import { createVerifier } from './verifier.ts'

const KEY = new TestKey('EdDSA')
const SESSION = 'AQIDBAUGBwgJCgsMDQ4PEA' as SessionId
const INCARNATION = 'AAAAAAAAAAAAAAAAAAAAAA'
const OPAQUE = `cfs_${'A'.repeat(72)}`

/** Clocks that stand still until they are moved, each by itself, and timers that follow the one that never goes back. */
class Clocks {
  wall = START_SECONDS * 1000
  up = 0
  readonly #due = new Set<{ at: number; act: () => void }>()
  readonly now = (): number => this.wall
  readonly monotonic = (): number => this.up

  after = (ms: number, act: () => void): (() => void) => {
    const entry = { at: this.up + ms, act }
    this.#due.add(entry)
    return () => void this.#due.delete(entry)
  }

  async forward(ms: number): Promise<void> {
    this.wall += ms
    this.up += ms
    for (const entry of this.#due) {
      if (entry.at > this.up) continue
      this.#due.delete(entry)
      entry.act()
    }
    await settle()
  }
}

async function settle(): Promise<void> {
  await new Promise(setImmediate)
}

/** An issuer that answers as it is told to, in memory. */
class Authority {
  readonly records: Revocation[] = []
  isReachable = true
  introspection: Record<string, unknown> = { active: false }
  /** What happens while an introspection is under way. */
  meanwhile: () => Promise<void> | void = () => undefined
  leases = 0
  introspections = 0

  readonly fetch = (async (url: string | URL | Request, init?: RequestInit) => {
    if (!this.isReachable) throw new TypeError('fetch failed', { cause: new Error('no route') })
    const path = new URL(url instanceof Request ? url.url : url).pathname
    if (path === '/revocations/lease') return this.#lease(init)
    if (path === '/revocations/stream') return new Response(new ReadableStream())
    this.introspections++
    await this.meanwhile()
    return Response.json(this.introspection)
  }) as typeof fetch

  revoke(): void {
    this.records.push({ kind: 'session', sessionId: SESSION, at: 0, position: this.records.length + 1 })
  }

  #lease(init: RequestInit | undefined): Response {
    this.leases++
    const { after } = JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as { after?: number }
    const head = { incarnation: INCARNATION, position: this.records.length }
    const records = this.records.slice(after ?? 0)
    const floor = after === undefined ? 0 : undefined
    return Response.json(wireOfLease({ head, leaseMs: 5000, retainMs: 310_000, records, floor }))
  }
}

function make(more: Partial<VerifierOptions> = {}) {
  const clock = new Clocks()
  const authority = new Authority()
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: { keys: [KEY.jwk] },
    clock,
    fetch: authority.fetch,
    feed: { key: 'k', mode: 'on-demand' },
    ...more,
  })
  onTestFinished(() => verifier.close())
  const token = KEY.token({ sid: SESSION, log_position: 'AAAAAAAA.0' })
  return { clock, authority, verifier, token }
}

const ACTIVE = {
  active: true,
  sub: 'AQIDBAUGBwgJCgsMDQ4PEQ',
  client_id: 'shop',
  sid: SESSION,
  aud: [AUDIENCE],
  roles: ['support'],
  strategy: 'stateful',
  token_type: 'Bearer',
  exp: START_SECONDS + 3600,
  auth_time: START_SECONDS,
  account_generation: 0,
  client_generation: 0,
  log_position: 'AAAAAAAA.0',
}

describe('on demand', () => {
  it('the first check after a lease has run out asks once, and all others ask nobody', async () => {
    const { verifier, authority, token, clock } = make()
    const first = await Promise.all([verifier.verify(token), verifier.verify(token), verifier.verify(token)])
    expect(first.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(authority.leases).toBe(1)
    await clock.forward(4999)
    expect(verifier.verify(token)).toMatchObject({ outcome: 'accepted', fresh: true })
    await clock.forward(1)
    authority.revoke()
    expect(await verifier.verify(token)).toEqual({ outcome: 'refused', reason: 'revoked' })
    expect(authority.leases).toBe(2)
  })

  it('what is open is ended although nobody asks', async () => {
    const { verifier, authority, token, clock } = make()
    const decision = await verifier.verify(token)
    if (decision.outcome !== 'accepted') throw new Error(decision.outcome)
    const { signal } = decision
    authority.revoke()
    await clock.forward(5000)
    await settle()
    expect([signal.aborted, (signal.reason as { reason?: string }).reason]).toEqual([true, 'revoked'])
  })
})

describe('when the lease is lost', () => {
  it.each([
    ['reject', { outcome: 'unknown', reason: 'stale' }],
    ['introspect', { outcome: 'unknown', reason: 'stale' }],
    ['accept', { outcome: 'accepted', fresh: false }],
  ] as const)('%s does as the route says', async (onStale, expected) => {
    const { verifier, authority, token, clock } = make()
    await verifier.verify(token)
    authority.isReachable = false
    await clock.forward(5000)
    expect(await verifier.verify(token, { onStale })).toMatchObject(expected)
  })

  it('a record that is known holds, whatever the route says', async () => {
    const { verifier, authority, token, clock } = make({ onStale: 'accept' })
    authority.revoke()
    await verifier.verify(token)
    authority.isReachable = false
    await clock.forward(5000)
    expect(await verifier.verify(token)).toEqual({ outcome: 'refused', reason: 'revoked' })
  })

  it('a machine that slept wakes up without one, and one whose wall clock went back has it no longer', async () => {
    const { verifier, authority, token, clock } = make({ onStale: 'reject' })
    await verifier.verify(token)
    authority.isReachable = false
    clock.wall += 5000
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'unknown', reason: 'stale' })
    clock.wall -= 7000
    clock.up += 5000
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'unknown', reason: 'stale' })
  })

  it('ends what is open where stale decisions are rejected, and nothing else', async () => {
    const { verifier, authority, token, clock } = make({ feed: { key: 'k' } })
    const strict = await verifier.verify(token, { onStale: 'reject' })
    const usual = await verifier.verify(token)
    if (strict.outcome !== 'accepted' || usual.outcome !== 'accepted') throw new Error('not accepted')
    const signals = [strict.signal, usual.signal]
    authority.isReachable = false
    await clock.forward(2500)
    await clock.forward(2500)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })
})

describe('asking about one credential', () => {
  it('accepts what the issuer accepts, and refuses what it refuses', async () => {
    const { verifier, authority, token, clock } = make({ feed: { key: 'k' } })
    await verifier.verify(token)
    const { fetch } = authority
    expect(fetch).toBeDefined()
    authority.introspection = ACTIVE
    clock.wall += 5000
    authority.meanwhile = () => undefined
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted', fresh: true })
    authority.introspection = { active: false }
    clock.wall += 5000
    expect(await verifier.verify(token)).toEqual({ outcome: 'refused', reason: 'revoked' })
  })

  it('RFC 9449 6.2 accepts a bound token that the issuer lets stand, and its proof with it', async () => {
    const { verifier, authority, clock } = make({ feed: { key: 'k' } })
    const client = new TestClient()
    const token = KEY.token({ log_position: 'AAAAAAAA.0', cnf: { jkt: client.thumbprint } })
    const ask = (): ReturnType<typeof verifier.verify> => {
      const claims = { htu: `${AUDIENCE}/cart`, ath: hashOf(token) }
      return verifier.verify(token, {
        proof: { method: 'GET', url: '/cart', headers: client.prove({ claims }, clock.wall / 1000) },
      })
    }
    expect(await ask()).toMatchObject({ outcome: 'accepted' })
    authority.introspection = { ...ACTIVE, token_type: 'DPoP', cnf: { jkt: client.thumbprint } }
    clock.wall += 5000
    expect(await ask()).toMatchObject({ outcome: 'accepted', fresh: true })
    expect(authority.introspections).toBe(1)
    expect(await verifier.verify(token)).toMatchObject({ reason: 'bound' })
  })

  it('takes no answer that has been on its way longer than a lease', async () => {
    const { verifier, authority, clock } = make()
    await verifier.verify(KEY.token({ log_position: 'AAAAAAAA.0' }))
    authority.introspection = ACTIVE
    authority.meanwhile = () => clock.forward(5000)
    expect(await verifier.verify(OPAQUE)).toMatchObject({ outcome: 'unknown' })
    authority.meanwhile = () => clock.forward(4000)
    expect(await verifier.verify(OPAQUE)).toMatchObject({ outcome: 'accepted', identity: { claims: undefined } })
  })

  it('RFC 7662 4 caching keeps an answer no longer than a lease, and not beyond a record', async () => {
    const { verifier, authority, clock, token } = make()
    await verifier.verify(token)
    authority.introspection = ACTIVE
    expect(await verifier.verify(OPAQUE)).toMatchObject({ outcome: 'accepted', identity: { roles: ['support'] } })
    await clock.forward(1000)
    expect(verifier.verify(OPAQUE)).toMatchObject({ outcome: 'accepted' })
    expect(authority.introspections).toBe(1)
    await clock.forward(4000)
    await verifier.verify(token)
    expect(await verifier.verify(OPAQUE)).toMatchObject({ outcome: 'accepted' })
    expect(authority.introspections).toBe(2)
    authority.revoke()
    await clock.forward(4999)
    await verifier.verify(token, { minPosition: { incarnation: INCARNATION, position: 1 } })
    expect(verifier.verify(OPAQUE)).toEqual({ outcome: 'refused', reason: 'revoked' })
  })

  it('V10.3.1 refuses a session of an application that is not for this service', async () => {
    const { verifier, authority, token } = make()
    await verifier.verify(token)
    authority.introspection = { ...ACTIVE, aud: ['https://other.example.com'] }
    expect(await verifier.verify(OPAQUE)).toEqual({ outcome: 'refused', reason: 'wrong-audience' })
  })

  it.each(Object.keys(ACTIVE).filter((name) => !['active', 'aud'].includes(name)))(
    'cannot tell by an answer without %s',
    async (name) => {
      const { verifier, authority, token } = make()
      await verifier.verify(token)
      authority.introspection = { ...ACTIVE, [name]: undefined }
      expect(await verifier.verify(OPAQUE)).toMatchObject({ outcome: 'unknown' })
    },
  )

  it('takes no refresh token for a credential', async () => {
    const { verifier, authority, token } = make()
    await verifier.verify(token)
    authority.introspection = { ...ACTIVE, token_type: 'refresh_token', log_position: undefined }
    expect(await verifier.verify(OPAQUE)).toEqual({ outcome: 'refused', reason: 'revoked' })
  })
})

it('a token from before what the view has let go of is asked about', async () => {
  const { verifier, authority, token, clock } = make()
  authority.revoke()
  const old = KEY.token({ sid: 'AQIDBAUGBwgJCgsMDQ4PFA', log_position: 'AAAAAAAA.0', exp: START_SECONDS + 3600 })
  expect(await verifier.verify(old)).toMatchObject({ outcome: 'accepted' })
  await clock.forward(320_000)
  authority.introspection = { active: false }
  await verifier.verify(token)
  expect(await verifier.verify(old)).toEqual({ outcome: 'refused', reason: 'revoked' })
  expect(authority.introspections).toBe(1)
  const young = KEY.token({ sid: 'AQIDBAUGBwgJCgsMDQ4PFA', log_position: 'AAAAAAAA.1', exp: START_SECONDS + 3600 })
  expect(await verifier.verify(young)).toMatchObject({ outcome: 'accepted' })
})
