import * as crypto from 'node:crypto'
import type { KeyObject, SignKeyObjectInput } from 'node:crypto'

// What the fixtures use of node:crypto, where workerd's differs from Node's.
export { constants, createHmac, createPrivateKey, randomBytes, verify } from 'node:crypto'

function inText(key: KeyObject): string | Buffer {
  return key.export({ type: 'pkcs8', format: 'pem' })
}

/** workerd's `sign` takes no key object with options beside it, and no notice of a padding; its `createSign` does both. */
export function sign(algorithm: string | null, data: Uint8Array, key: KeyObject | SignKeyObjectInput): Buffer {
  if (algorithm === null || !('key' in key)) return crypto.sign(algorithm, data, key)
  return crypto
    .createSign(algorithm)
    .update(data)
    .sign({ ...key, key: inText(key.key) })
}

/** workerd's JWK of a key has all members that any key has, most of them undefined. */
export function generateKeyPairSync(type: 'rsa', options: object): crypto.KeyPairKeyObjectResult {
  const pair = crypto.generateKeyPairSync(type, { modulusLength: 2048, ...options })
  for (const key of [pair.publicKey, pair.privateKey]) {
    const exportKey = key.export.bind(key)
    const value = (given: crypto.JwkKeyExportOptions): unknown => JSON.parse(JSON.stringify(exportKey(given)))
    Object.defineProperty(key, 'export', { value })
  }
  return pair
}
