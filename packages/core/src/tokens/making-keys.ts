import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyId, SigningAlgorithm } from '@counterfoil/protocol'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { drawId, type Random } from '../random.ts'
import type { Sealing } from './sealing.ts'
import type { StoredKey } from './stored-key.ts'

const generate = promisify(generateKeyPair)

async function generateKey(algorithm: SigningAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'EdDSA':
      return (await generate('ed25519')).privateKey
    case 'ES256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey
    case 'RS256':
      return (await generate('rsa', { modulusLength: 2048 })).privateKey
  }
}

/** When a key was made, and from when on it signs. */
interface Turn {
  readonly createdAt: number
  readonly activeAt: number
}

function contextOf(id: KeyId): string {
  return `key ${id}`
}

/** Makes a key that signs JWTs; its id is its RFC 7638 thumbprint. */
export async function makeJwtKey(algorithm: SigningAlgorithm, sealing: Sealing, turn: Turn): Promise<StoredKey> {
  const key = await generateKey(algorithm)
  const jwk = createPublicKey(key).export({ format: 'jwk' }) as JWK
  const id = (await calculateJwkThumbprint(jwk)) as KeyId
  const plain = new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }))
  const publicJwk = JSON.stringify({ ...jwk, kid: id, alg: algorithm, use: 'sig' })
  return { id, purpose: 'jwt', algorithm, number: 0, publicJwk, sealed: sealing.seal(plain, contextOf(id)), ...turn }
}

/** Makes a key that tags opaque tokens: 256 random bits. */
export function makeOpaqueKey(number: number, sealing: Sealing, random: Random, turn: Turn): StoredKey {
  const id = drawId<KeyId>(random)
  const sealed = sealing.seal(random(32), contextOf(id))
  return { id, purpose: 'opaque', algorithm: 'HS256', number, publicJwk: '', sealed, ...turn }
}

/** The private part of a stored key, ready for use. @throws {WrongSecret} */
export function openKey(key: StoredKey, sealing: Sealing): KeyObject {
  const plain = Buffer.from(sealing.open(key.sealed, contextOf(key.id)))
  return key.purpose === 'jwt' ? createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' }) : createSecretKey(plain)
}
