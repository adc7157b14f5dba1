import { encodeBase64url } from '@counterfoil/protocol'
import type { Jwk } from '@counterfoil/verifier'

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://orders.example.com'
export const INCARNATION = 'AAAAAAAAAAAAAAAAAAAAAA'
export const SESSION = 'AQIDBAUGBwgJCgsMDQ4PEA'

const WAYS = {
  EdDSA: { name: 'Ed25519' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
} as const

/** An algorithm that access tokens are signed with. */
export type TokenAlgorithm = keyof typeof WAYS

export const TOKEN_ALGORITHMS: readonly TokenAlgorithm[] = ['EdDSA', 'ES256', 'RS256']

/** Signs access tokens with WebCrypto alone. */
export interface Issuer {
  readonly jwk: Jwk
  /** The public key as the runtime exports it: it may have members that are undefined. */
  readonly exported: Jwk
  /** A token that was made now and lives for 300 seconds, but for these claims. */
  readonly sign: (claims?: object) => Promise<string>
}

function encode(part: object): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(part)))
}

function accessTokenClaims(): object {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: ISSUER,
    sub: 'AQIDBAUGBwgJCgsMDQ4PEQ',
    aud: [AUDIENCE],
    client_id: 'shop',
    sid: SESSION,
    jti: encodeBase64url(crypto.getRandomValues(new Uint8Array(16))),
    iat: now,
    exp: now + 300,
    auth_time: now,
    amr: ['pwd'],
    strategy: 'hybrid',
    account_generation: 0,
    client_generation: 0,
    log_position: `${INCARNATION.slice(0, 8)}.0`,
    roles: ['support'],
  }
}

/** Makes a key pair, and an issuer of it. */
export async function makeIssuer(algorithm: TokenAlgorithm): Promise<Issuer> {
  const way = WAYS[algorithm]
  const pair = await crypto.subtle.generateKey(way, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new Error(`${algorithm} made no pair of keys`)
  const { kty = '', ...members } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  const exported = { ...members, kty, alg: algorithm, kid: algorithm }
  const header = encode({ alg: algorithm, typ: 'at+jwt', kid: algorithm })
  return {
    jwk: JSON.parse(JSON.stringify(exported)) as Jwk,
    exported,
    async sign(claims = {}) {
      const signed = `${header}.${encode({ ...accessTokenClaims(), ...claims })}`
      const signature = await crypto.subtle.sign(way, pair.privateKey, new TextEncoder().encode(signed))
      return `${signed}.${encodeBase64url(new Uint8Array(signature))}`
    },
  }
}
