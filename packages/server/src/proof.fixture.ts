import { createHash, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import type { Clock } from '@counterfoil/core'

/** A key of a client. */
export interface ProofKeyPair {
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
  readonly thumbprint: string
}

/** A new P-256 key. */
export function makeProofKey(): ProofKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' })
  const jwk = { crv, kty, x, y }
  return { privateKey, jwk, thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url') }
}

/** What a proof is for. */
export interface ProofFor {
  readonly method?: string
  readonly url: string
  readonly token?: string | undefined
  readonly nonce?: string | undefined
  /** In place of what would be right. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

/** Makes a proof as a client would. */
export function makeProof({ privateKey, jwk }: ProofKeyPair, clock: Clock, to: ProofFor): string {
  const { method = 'POST', url, token, nonce } = to
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk, ...to.header }
  const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url')
  const iat = Math.floor(clock.now() / 1000)
  const claims = { jti: randomUUID(), htm: method, htu: url, iat, ath, nonce, ...to.claims }
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode(header)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}
