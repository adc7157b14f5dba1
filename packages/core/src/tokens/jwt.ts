import { constants, sign, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from '@counterfoil/protocol'
import type { OpenedKey } from './key-ring.ts'

function signBytes(algorithm: SigningAlgorithm, key: KeyObject, bytes: Buffer): Buffer {
  switch (algorithm) {
    case 'EdDSA':
      return sign(null, bytes, key)
    case 'ES256':
      return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
    case 'RS256':
      return sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PADDING })
  }
}

/** A JWS in compact serialization (RFC 7515 §3.1) over these claims, of this explicit type (RFC 8725 §3.11). */
export function signJwt(type: string, claims: object, signer: OpenedKey): string {
  if (signer.algorithm === 'HS256') throw new TypeError('an opaque-token key does not sign JWTs')
  const header = Buffer.from(JSON.stringify({ alg: signer.algorithm, typ: type, kid: signer.id })).toString('base64url')
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${signBytes(signer.algorithm, signer.privateKey, Buffer.from(signed)).toString('base64url')}`
}
