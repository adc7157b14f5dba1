import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import type { JwsAlgorithm } from '../algorithms.ts'
import { ENGINES, START_SECONDS, StillClock, TestKey } from '../issuer.fixture.ts'
import { hashOf, TestClient, URL_OF_CART, type Wrong } from './client.fixture.ts'
import type { ProofFault } from './decide-proof.ts'
import { ProofGuard, type BadProof, type BoundToken, type ProofGuardOptions, type SoundProof } from './proof-guard.ts'
import { LocalProofMemory } from './proof-memory.ts'

const TOKEN = 'header.payload.signature'
const clients = new Map<JwsAlgorithm, TestClient>()
beforeAll(() => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256', 'ES384'] as const)
    clients.set(algorithm, new TestClient(algorithm))
})

function clientOf(algorithm: JwsAlgorithm = 'ES256'): TestClient {
  const client = clients.get(algorithm)
  if (client === undefined) throw new TypeError(`there is no client of ${algorithm}`)
  return client
}

describe.each(ENGINES)('a proof of possession, by the engine %s', (engine) => {
  function guardOf(more: Partial<ProofGuardOptions> = {}): ProofGuard {
    return new ProofGuard({ memory: new LocalProofMemory(), clock: new StillClock(), engine, ...more })
  }

  async function faultOf(
    headers: string | readonly string[] | undefined,
    bound?: BoundToken,
    guard = guardOf(),
  ): Promise<ProofFault | undefined> {
    const proof = await guard.check({ method: 'GET', url: URL_OF_CART, headers }, bound)
    return proof.outcome === 'refused' ? proof.fault : undefined
  }

  it.each(['ES256', 'EdDSA', 'RS256', 'PS256'] as const)(
    'RFC 9449 4.3 is good with %s, and tells the key',
    async (algorithm) => {
      const client = clientOf(algorithm)
      const proof = await guardOf().check({ method: 'GET', url: URL_OF_CART, headers: client.prove() })
      expect(proof).toMatchObject({ outcome: 'sound', keyThumbprint: client.thumbprint })
      expect(client.thumbprint).toBe(await calculateJwkThumbprint(client.jwk as JWK))
    },
  )

  it('RFC 9864 2.2 is good with EdDSA by its other name', async () => {
    const { jwk } = clientOf('EdDSA')
    expect(await faultOf(clientOf('EdDSA').prove({ header: { alg: 'Ed25519' } }))).toBeUndefined()
    const named = { alg: 'Ed25519', jwk: { ...jwk, alg: 'Ed25519' } }
    expect(await faultOf(clientOf('EdDSA').prove({ header: named }))).toBeUndefined()
  })

  const broken: readonly (readonly [string, ProofFault, Wrong])[] = [
    ['of another type', 'wrong-type', { header: { typ: 'at+jwt' } }],
    ['of no type', 'wrong-type', { header: { typ: undefined } }],
    ['with no algorithm', 'wrong-algorithm', { header: { alg: undefined } }],
    ['with the algorithm none', 'wrong-algorithm', { header: { alg: 'none' } }],
    ['with a symmetric algorithm', 'wrong-algorithm', { header: { alg: 'HS256' } }],
    ['with an algorithm that is not announced', 'wrong-algorithm', { header: { alg: 'ES384' } }],
    ['with an algorithm in other letters', 'wrong-algorithm', { header: { alg: 'es256' } }],
    ['with an algorithm that is not the key’s', 'bad-key', { header: { alg: 'RS256' } }],
    ['without a key', 'bad-key', { header: { jwk: undefined } }],
    ['with a key that is a text', 'bad-key', { header: { jwk: 'https://evil.example/key' } }],
    ['with a symmetric key', 'bad-key', { header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } }],
    [
      'with a key beside its curve',
      'bad-key',
      { header: { jwk: { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } } },
    ],
    ['with what nobody understands and must', 'malformed', { header: { crit: ['x'], x: 1 } }],
    ['without an id', 'malformed', { claims: { jti: undefined } }],
    ['with an empty id', 'malformed', { claims: { jti: '' } }],
    ['with an id that is a number', 'malformed', { claims: { jti: 1 } }],
    ['with an id beyond measure', 'malformed', { claims: { jti: 'x'.repeat(513) } }],
    ['without a method', 'malformed', { claims: { htm: undefined } }],
    ['without an address', 'malformed', { claims: { htu: undefined } }],
    ['without a time', 'malformed', { claims: { iat: undefined } }],
    ['with a time that is a text', 'malformed', { claims: { iat: '1' } }],
    ['with a nonce that is a number', 'malformed', { claims: { nonce: 1 } }],
    ['for another method', 'wrong-method', { claims: { htm: 'POST' } }],
    ['for the method in other letters', 'wrong-method', { claims: { htm: 'get' } }],
    ['for another path', 'wrong-target', { claims: { htu: `${URL_OF_CART}/1` } }],
    ['for the path in other letters', 'wrong-target', { claims: { htu: 'https://orders.example.com/CART' } }],
    ['for another host', 'wrong-target', { claims: { htu: 'https://evil.example/cart' } }],
    ['for another port', 'wrong-target', { claims: { htu: 'https://orders.example.com:8443/cart' } }],
    ['for http', 'wrong-target', { claims: { htu: 'http://orders.example.com/cart' } }],
    ['for a path alone', 'wrong-target', { claims: { htu: '/cart' } }],
    ['for an address with a user', 'wrong-target', { claims: { htu: 'https://orders.example.com@evil.example/cart' } }],
    ['of more than a minute ago', 'wrong-time', { claims: { iat: START_SECONDS - 66 } }],
    ['of the future', 'wrong-time', { claims: { iat: START_SECONDS + 6 } }],
    ['in milliseconds', 'wrong-time', { claims: { iat: START_SECONDS * 1000 } }],
  ]

  it.each(broken)('RFC 9449 4.3 is refused %s', async (_title, fault, wrong) => {
    expect(await faultOf(clientOf().prove(wrong))).toBe(fault)
  })

  it('RFC 9449 4.3 is refused with a private key in it, or one that is too small', async () => {
    const { privateJwk, jwk } = clientOf().key
    expect(await faultOf(clientOf().prove({ header: { jwk: privateJwk } }))).toBe('bad-key')
    expect(await faultOf(clientOf().prove({ header: { jwk: { ...jwk, use: 'enc' } } }))).toBe('bad-key')
    const small = { kty: 'RSA', e: 'AQAB', n: 'x'.repeat(171) }
    expect(await faultOf(clientOf().prove({ header: { alg: 'RS256', jwk: small } }))).toBe('bad-key')
  })

  it('RFC 9449 4.3 is refused when another key signed it', async () => {
    const { jwk } = new TestClient()
    expect(await faultOf(clientOf().prove({ header: { jwk } }))).toBe('bad-signature')
    const forged = new TestKey('ES256').sign(
      { typ: 'dpop+jwt', alg: 'ES256', jwk: clientOf().jwk },
      { jti: 'a', htm: 'GET', htu: URL_OF_CART, iat: START_SECONDS },
    )
    expect(await faultOf(forged)).toBe('bad-signature')
  })

  it('RFC 9449 4.3 is refused when there is none, or more than one, in one header or two', async () => {
    const [one, two] = [clientOf().prove(), clientOf().prove()]
    expect(await faultOf(undefined)).toBe('absent')
    expect(await faultOf([])).toBe('absent')
    expect(await faultOf(' ')).toBe('absent')
    expect(await faultOf([one, two])).toBe('several')
    expect(await faultOf(`${one}, ${two}`)).toBe('several')
    expect(await faultOf([one, one])).toBe('several')
  })

  it('is refused when any character of it is another', async () => {
    const guard = guardOf()
    const proof = clientOf().prove()
    const changes = fc.record({
      at: fc.nat(proof.length - 1),
      by: fc.constantFrom('A', 'a', '0', '-', '_', '.', '=', '~', ' ', 'é'),
    })
    await fc.assert(
      fc.asyncProperty(changes, async ({ at, by }) => {
        const changed = proof.slice(0, at) + by + proof.slice(at + 1)
        fc.pre(changed !== proof)
        expect(await faultOf(changed, undefined, guard)).toBeDefined()
      }),
      { numRuns: 200 },
    )
  })

  it('is refused, and breaks nothing, whatever it is', async () => {
    const guard = guardOf()
    const parts = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    )
    const texts = fc.oneof(
      fc.string(),
      fc.array(parts, { maxLength: 5 }).map((all) => all.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await faultOf(text, undefined, guard)).toBeDefined()
      }),
    )
  })

  it('RFC 9449 4.3 is for one token, and by the key that this is bound to', async () => {
    const client = clientOf()
    const bound = { token: TOKEN, keyThumbprint: client.thumbprint }
    const claims = { ath: hashOf(TOKEN) }
    expect(await faultOf(client.prove({ claims }), bound)).toBeUndefined()
    expect(await faultOf(client.prove(), bound)).toBe('wrong-token')
    expect(await faultOf(client.prove({ claims: { ath: hashOf(`${TOKEN}x`) } }), bound)).toBe('wrong-token')
    expect(await faultOf(client.prove({ claims: { ath: TOKEN } }), bound)).toBe('wrong-token')
    expect(await faultOf(client.prove({ claims }), { ...bound, keyThumbprint: new TestClient().thumbprint })).toBe(
      'wrong-key',
    )
  })

  it.each([
    ['as old as it may be', -65, undefined],
    ['a second older', -66, 'wrong-time'],
    ['as far ahead as clocks may differ', 5, undefined],
    ['a second further', 6, 'wrong-time'],
  ] as const)('RFC 9449 11.1 that is %s', async (_title, seconds, fault) => {
    expect(await faultOf(clientOf().prove({}, START_SECONDS + seconds))).toBe(fault)
  })

  describe('with nonces', () => {
    const secret = new Uint8Array(32).fill(7)
    const SLOT = 100
    const need = (needed: 'required' | 'offered', clock = new StillClock()): ProofGuard =>
      guardOf({ nonces: { need: needed, secret, slotSeconds: SLOT }, clock })

    async function nonceOf(guard: ProofGuard): Promise<string> {
      const refused = (await guard.check({
        method: 'GET',
        url: URL_OF_CART,
        headers: clientOf().prove({}, 0),
      })) as BadProof
      expect([refused.fault, refused.nonce]).toEqual(['nonce-needed', expect.stringMatching(/^[\w-]{43}$/)])
      return refused.nonce ?? ''
    }

    it('RFC 9449 8 is refused without one where it is needed, and is told which', async () => {
      const guard = need('required')
      const nonce = await nonceOf(guard)
      expect(await guard.nonce()).toBe(nonce)
      expect(await faultOf(clientOf().prove(), undefined, guard)).toBe('nonce-needed')
      expect(await faultOf(clientOf().prove({ claims: { nonce } }), undefined, guard)).toBeUndefined()
    })

    it('RFC 9449 4.3 is refused with another one, also where none is needed', async () => {
      for (const guard of [need('required'), need('offered')])
        for (const nonce of ['', 'x', (await nonceOf(guard)).slice(1), `${await nonceOf(guard)}x`])
          expect(await faultOf(clientOf().prove({ claims: { nonce } }), undefined, guard)).toBe('nonce-needed')
      const other = guardOf({ nonces: { need: 'required', secret: new Uint8Array(32).fill(8), slotSeconds: SLOT } })
      const claims = { nonce: await nonceOf(other) }
      expect(await faultOf(clientOf().prove({ claims }), undefined, need('required'))).toBe('nonce-needed')
    })

    it('needs none where it is only offered and the clock is right, and is then not handed one', async () => {
      const guard = need('offered')
      expect(await faultOf(clientOf().prove(), undefined, guard)).toBeUndefined()
      expect(guard.nonce()).toBeUndefined()
    })

    it('RFC 9449 4.3 is good by one whatever the client’s clock says', async () => {
      for (const guard of [need('offered'), need('required')]) {
        const claims = { nonce: await nonceOf(guard) }
        for (const days of [-1, 1])
          expect(
            await faultOf(clientOf().prove({ claims }, START_SECONDS + days * 86_400), undefined, guard),
          ).toBeUndefined()
      }
    })

    it('is good by one of another node, for as long again as it is handed out', async () => {
      const clock = new StillClock()
      const [one, other] = [need('required', clock), need('required', clock)]
      const claims = { nonce: await nonceOf(one) }
      for (const [seconds, fault] of [
        [0, undefined],
        [SLOT, undefined],
        [SLOT - 1, undefined],
        [1, 'nonce-needed'],
      ] as const) {
        clock.forward(seconds)
        expect(await faultOf(clientOf().prove({ claims }), undefined, other)).toBe(fault)
      }
    })

    it('RFC 9449 11.1 by one it is remembered for as long as that is accepted', async () => {
      const clock = new StillClock()
      const guard = need('required', clock)
      const headers = clientOf().prove({ claims: { nonce: await nonceOf(guard) } })
      const first = (await guard.check({ method: 'GET', url: URL_OF_CART, headers })) as SoundProof
      expect(await first.spend()).toBe(true)
      clock.forward(2 * SLOT - 1)
      const again = (await guard.check({ method: 'GET', url: URL_OF_CART, headers })) as SoundProof
      expect(await again.spend()).toBe(false)
    })
  })

  it('RFC 9449 11.1 is used once, by whomever; another key may have the same id', async () => {
    const memory = new LocalProofMemory()
    const [one, other] = [guardOf({ memory }), guardOf({ memory })]
    const claims = { jti: randomUUID() }
    const headers = clientOf().prove({ claims })
    const use = async (guard: ProofGuard, by: string): Promise<unknown> => {
      const proof = await guard.check({ method: 'GET', url: URL_OF_CART, headers: by })
      return proof.outcome === 'sound' && proof.spend()
    }
    const uses = await Promise.all(Array.from({ length: 20 }, (_, at) => use(at % 2 === 0 ? one : other, headers)))
    expect(uses.filter((isFirst) => isFirst === true)).toHaveLength(1)
    expect(await use(one, new TestClient().prove({ claims }))).toBe(true)
    expect(await use(one, clientOf().prove({ claims: { ...claims, ath: 'x' } }))).toBe(false)
  })

  it('RFC 9449 11.1 is remembered until an instant that comes from the proof, whichever node’s clock it meets', async () => {
    const nonces = { need: 'offered', secret: new Uint8Array(32).fill(7), slotSeconds: 100 } as const
    const clock = new StillClock()
    const { nonce } = (await guardOf({ nonces, clock }).check({
      method: 'GET',
      url: URL_OF_CART,
      headers: clientOf().prove({}, 0),
    })) as BadProof
    const untilOf = async (headers: string, ahead: number): Promise<number> => {
      const told: number[] = []
      const memory = { remember: (_id: string, until: number) => told.push(until) > 0 }
      const node = new StillClock()
      node.forward(ahead)
      const proof = await guardOf({ nonces, memory, clock: node }).check({ method: 'GET', url: URL_OF_CART, headers })
      if (proof.outcome === 'sound') await proof.spend()
      return told[0] ?? Number.NaN
    }
    const slot = Math.floor(START_SECONDS / 100)
    for (const [headers, until] of [
      [clientOf().prove(), (START_SECONDS + 70) * 1000],
      [clientOf().prove({ claims: { iat: START_SECONDS - 0.0004 } }), (START_SECONDS + 70) * 1000],
      [clientOf().prove({ claims: { nonce } }), ((slot + 2) * 100 + 5) * 1000],
      [clientOf().prove({ claims: { nonce, iat: 0.5 } }), ((slot + 2) * 100 + 5) * 1000],
    ] as const)
      for (const ahead of [-5, -0.001, 0, 0.001, 5, 64]) expect(await untilOf(headers, ahead)).toBe(until)
  })

  it('RFC 9449 4.3 is for the address without its query, whatever that holds', async () => {
    const guard = guardOf({ origins: ['https://orders.example.com'] })
    for (const query of ['?x=1', '?x=\\', '?\\@evil.example/', '?x=[a]|"<>', '?x=\u00e9', '#\\', '?', '?a?b#c'])
      for (const url of [`/cart${query}`, URL_OF_CART + query]) {
        const proof = await guard.check({ method: 'GET', url, headers: clientOf().prove() })
        expect([url, proof.outcome]).toEqual([url, 'sound'])
      }
    for (const url of ['\\cart', '/cart\\', '/cart\\?x', '/ca\u0000rt', 'https://orders.example.com\\cart?x']) {
      const proof = await guard.check({ method: 'GET', url, headers: clientOf().prove() })
      expect(proof).toMatchObject({ fault: 'wrong-target' })
    }
  })

  it('for a path is for that path at one of the service’s origins, and at no other', async () => {
    const guard = guardOf({ origins: ['https://a.example', 'https://b.example:8443'] })
    const check = async (htu: string, url = '/cart?x=1'): Promise<unknown> => {
      const proof = await guard.check({ method: 'GET', url, headers: clientOf().prove({ claims: { htu } }) })
      return proof.outcome === 'sound' ? 'sound' : proof.fault
    }
    for (const htu of ['https://a.example/cart', 'https://b.example:8443/cart']) expect(await check(htu)).toBe('sound')
    for (const htu of ['https://b.example/cart', 'https://c.example/cart'])
      expect(await check(htu)).toBe('wrong-target')
    for (const url of ['', 'cart', '*', '//c.example/cart'])
      expect(await check('https://c.example/cart', url)).toBe('wrong-target')
    const nowhere = await guardOf().check({ method: 'GET', url: '/cart', headers: clientOf().prove() })
    expect(nowhere).toMatchObject({ fault: 'wrong-target' })
  })
})

it('a proof is checked at once with node:crypto, so that nobody waits who need not', () => {
  const guard = new ProofGuard({ memory: new LocalProofMemory(), clock: new StillClock(), engine: 'node' })
  const proof = guard.check({ method: 'GET', url: URL_OF_CART, headers: clientOf().prove() })
  expect(proof).not.toBeInstanceOf(Promise)
  expect((proof as SoundProof).spend()).toBe(true)
})
