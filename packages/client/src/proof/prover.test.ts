import { createHash, randomBytes } from 'node:crypto'
import { EmbeddedJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { browserEnvironment } from '../browser-environment.ts'
import type { Environment, ProofKey } from '../environment.ts'
import { Prover } from './prover.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const NOW = 1_700_000_000_000

async function makeKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
  const { kty = '', crv = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', publicKey)
  const sign = async (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, bytes))
  return { sign, publicJwk: { kty, crv, x, y } }
}

function proverWith(openKey: Environment['openKey'], isOn = true): Prover {
  return new Prover(
    { ...browserEnvironment(), now: () => NOW, randomBytes: (count) => randomBytes(count), openKey },
    'k',
    isOn,
  )
}

/** Proves a request, and reads the proof with an independent library. */
async function proofOf(prover: Prover, request: Request, token?: string) {
  const key = await prover.key(true)
  if (key === undefined) throw new Error('there is no key')
  await prover.prove(key, request, token)
  return jwtVerify(request.headers.get('dpop') ?? '', EmbeddedJWK, { typ: 'dpop+jwt', currentDate: new Date(NOW) })
}

describe('a proof of possession', () => {
  it('RFC 9449 4.2 holds the method, the address without query, the instant and an identifier, and verifies with its own key', async () => {
    const key = await makeKey()
    const prover = proverWith(() => Promise.resolve(key))
    const request = new Request('https://api.example.com/orders?page=2#top', { method: 'POST' })
    const { payload, protectedHeader } = await proofOf(prover, request)
    expect(payload).toEqual({
      jti: expect.stringMatching(/^[\w-]{22}$/),
      htm: 'POST',
      htu: 'https://api.example.com/orders',
      iat: NOW / 1000,
    })
    expect(protectedHeader).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicJwk })
    const again = await proofOf(prover, new Request('https://api.example.com/orders'))
    expect(again.payload.jti).not.toBe(payload.jti)
  })

  it('RFC 9449 7 names the token that it goes with, by its hash', async () => {
    const key = await makeKey()
    const prover = proverWith(() => Promise.resolve(key))
    const { payload } = await proofOf(prover, new Request('https://api.example.com/'), 'token')
    expect(payload['ath']).toBe(createHash('sha256').update('token').digest('base64url'))
  })

  it('RFC 9449 8.2 holds the last nonce that the origin gave, and none of another', async () => {
    const key = await makeKey()
    const prover = proverWith(() => Promise.resolve(key))
    const [here, there] = ['https://api.example.com/', 'https://issuer.example.com/']
    prover.note(new Request(here), new Response(null, { headers: { 'dpop-nonce': 'n1' } }))
    prover.note(new Request(here), new Response(null, { headers: { 'dpop-nonce': 'n2' } }))
    prover.note(new Request(here), new Response(null))
    expect((await proofOf(prover, new Request(here))).payload['nonce']).toBe('n2')
    expect((await proofOf(prover, new Request(there))).payload['nonce']).toBeUndefined()
  })

  it("is made at the server's time, as far as that is known", async () => {
    const key = await makeKey()
    const prover = proverWith(() => Promise.resolve(key))
    prover.skewMs = -86_400_000
    expect((await proofOf(prover, new Request('https://a.example.com/'))).payload.iat).toBe(NOW / 1000 - 86_400)
  })
})

describe('a key', () => {
  it('that cannot be had now is not lost, and is asked for again', async () => {
    const key = await makeKey()
    let isBroken = true
    const prover = proverWith(() => (isBroken ? Promise.reject(new Error('IndexedDB gave up')) : Promise.resolve(key)))
    expect([await prover.key(false), prover.hasLostKey]).toEqual([undefined, false])
    isBroken = false
    expect(await prover.key(false)).toBe(key)
  })

  it('that is not there is lost', async () => {
    const prover = proverWith(() => Promise.resolve(undefined))
    expect([await prover.key(false), prover.hasLostKey]).toEqual([undefined, true])
  })

  it('is not looked for where proofs are off', async () => {
    expect(await proverWith(() => Promise.reject(new Error('asked')), false).key(true)).toBeUndefined()
  })
})
