import { constants, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import type { JwsAlgorithm } from './algorithms.ts'
import type { EngineName } from './engine.ts'
import type { Jwk } from './jwk.ts'

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://orders.example.com'
export const ENGINES: readonly EngineName[] = ['node', 'web']
export const DEFAULT_ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const

/** Whole seconds, so that the instants of claims are exact. */
export const START_SECONDS = Date.UTC(2026, 0, 1) / 1000

/** A clock that stands still until it is moved. */
export class StillClock {
  #now = START_SECONDS * 1000

  now(): number {
    return this.#now
  }

  forward(seconds: number): void {
    this.#now += seconds * 1000
  }
}

const HASHES = { '256': 'sha256', '384': 'sha384', '512': 'sha512' } as const
const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const

function hashOf(algorithm: JwsAlgorithm): string {
  return Object.entries(HASHES).find(([size]) => algorithm.endsWith(size))?.[1] ?? 'sha256'
}

function makePair(algorithm: JwsAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  if (algorithm === 'ES256' || algorithm === 'ES384' || algorithm === 'ES512') {
    return generateKeyPairSync('ec', { namedCurve: CURVES[algorithm] })
  }
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

function signBytes(algorithm: JwsAlgorithm, key: KeyObject, bytes: Buffer): Buffer {
  if (algorithm === 'EdDSA') return sign(null, bytes, key)
  if (algorithm.startsWith('ES')) return sign(hashOf(algorithm), bytes, { key, dsaEncoding: 'ieee-p1363' })
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return sign(hashOf(algorithm), bytes, algorithm.startsWith('PS') ? { key, ...pss } : { key })
}

function encode(part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

/** A key pair that signs anything at all: an issuer that may also make what no issuer should. */
export class TestKey {
  readonly algorithm: JwsAlgorithm
  readonly kid: string
  readonly jwk: Jwk
  readonly privateJwk: object
  readonly #privateKey: KeyObject

  constructor(algorithm: JwsAlgorithm, kid: string = algorithm) {
    const { publicKey, privateKey } = makePair(algorithm)
    const { kty = '', crv, x, y, n, e } = publicKey.export({ format: 'jwk' })
    this.algorithm = algorithm
    this.kid = kid
    this.#privateKey = privateKey
    this.jwk = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, kid, alg: algorithm, use: 'sig' })) as Jwk
    this.privateJwk = { ...privateKey.export({ format: 'jwk' }), kid, alg: algorithm }
  }

  /** A JWS over these two parts; a part that is a text is taken as it is. */
  sign(header: object | string, payload: object | string): string {
    return this.signParts(encode(header), encode(payload))
  }

  /** A JWS over two parts that are encoded already. */
  signParts(header: string, payload: string): string {
    const signed = `${header}.${payload}`
    return `${signed}.${signBytes(this.algorithm, this.#privateKey, Buffer.from(signed)).toString('base64url')}`
  }

  /** An access token as the issuer makes it, but for these claims and header members. */
  token(claims: object = {}, header: object = {}): string {
    return this.sign({ ...this.header(), ...header }, { ...accessTokenClaims(), ...claims })
  }

  header(): { alg: string; typ: string; kid: string } {
    return { alg: this.algorithm, typ: 'at+jwt', kid: this.kid }
  }
}

/** Claims of an access token that was made now and lives for 300 seconds. */
export function accessTokenClaims(): Record<string, unknown> {
  return {
    iss: ISSUER,
    sub: 'accountaccountaccount0',
    aud: [AUDIENCE, ISSUER],
    client_id: 'hybrid',
    sid: 'sessionsessionsession0',
    jti: randomBytes(16).toString('base64url'),
    iat: START_SECONDS,
    exp: START_SECONDS + 300,
    auth_time: START_SECONDS - 60,
    amr: ['pwd'],
    strategy: 'hybrid',
    account_generation: 1,
    client_generation: 0,
    log_position: 'logAlog0.0',
    roles: ['support'],
  }
}
