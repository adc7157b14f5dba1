import { encodeBase64url } from '@counterfoil/protocol'
import type { EngineName } from '../engine.ts'
import type { Eventually } from '../eventually.ts'
import { findNodeModule } from '../node-modules.ts'

/** Hashes of texts, as canonical base64url: at once with node:crypto, a promise with WebCrypto. */
export interface Hashing {
  sha256(text: string): Eventually<string>
  hmac(key: Uint8Array, text: string): Eventually<string>
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

const WEB: Hashing = {
  async sha256(text) {
    return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(text))))
  },
  async hmac(key, text) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const imported = await crypto.subtle.importKey('raw', Uint8Array.from(key), algorithm, false, ['sign'])
    return encodeBase64url(new Uint8Array(await crypto.subtle.sign('HMAC', imported, bytesOf(text))))
  },
}

/** What hashes, by the engine that checks signatures. */
export function selectHashing(engine: EngineName | undefined): Hashing {
  const node = engine === 'web' ? undefined : findNodeModule('node:crypto')
  if (node === undefined) return WEB
  return {
    sha256: (text) => node.createHash('sha256').update(text).digest('base64url'),
    hmac: (key, text) => node.createHmac('sha256', key).update(text).digest('base64url'),
  }
}
