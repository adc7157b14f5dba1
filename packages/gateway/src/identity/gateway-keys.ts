import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'
import type { GatewayKey } from './upstream-tokens.ts'

/** The keys of a gateway: the first signs, and all are published, so that what an older one signed still counts. */
export interface GatewayKeys {
  readonly signer: GatewayKey
  readonly jwks: { readonly keys: readonly JWK[] }
}

/** A new key, as PKCS #8 in PEM. */
export function generateGatewayKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * Reads keys in PEM, the one that signs first.
 *
 * @throws {TypeError} when there is none, or one is no private key for Ed25519.
 */
export async function readGatewayKeys(pems: readonly string[]): Promise<GatewayKeys> {
  const keys = await Promise.all(pems.map(readKey))
  const [signer] = keys
  if (signer === undefined) throw new TypeError('there must be a key')
  return { signer, jwks: { keys: keys.map(({ jwk }) => jwk) } }
}

async function readKey(pem: string, at: number): Promise<GatewayKey & { readonly jwk: JWK }> {
  const privateKey = parse(pem)
  if (privateKey?.asymmetricKeyType !== 'ed25519')
    throw new TypeError(`key ${at + 1} must be a private key for Ed25519, in PEM`)
  const jwk = await exportJWK(createPublicKey(privateKey))
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, privateKey, jwk: { ...jwk, kid, alg: 'EdDSA', use: 'sig' } }
}

function parse(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
