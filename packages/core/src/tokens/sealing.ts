import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Random } from '../random.ts'

const FORMAT = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** The secret does not open what was sealed: it is another installation's, or the text was damaged. */
export class WrongSecret extends Error {
  override readonly name = 'WrongSecret'
}

/** Keeps private keys unreadable in the database: AES-256-GCM under a key derived from the installation's secret. */
export interface Sealing {
  /** `context` is bound to the text: sealed bytes cannot be put in another row's place. */
  seal(plain: Uint8Array, context: string): Uint8Array
  /** @throws {WrongSecret} */
  open(sealed: Uint8Array, context: string): Uint8Array
}

/** Sealing under this secret, at least 32 bytes. */
export function createSealing(secret: Uint8Array, random: Random): Sealing {
  if (secret.length < 32) throw new TypeError('secret must be at least 32 bytes')
  const key = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), 'counterfoil key sealing 1', 32))
  return {
    seal(plain, context) {
      const nonce = random(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
      const text = Buffer.concat([cipher.update(plain), cipher.final()])
      return new Uint8Array(Buffer.concat([Uint8Array.of(FORMAT), nonce, cipher.getAuthTag(), text]))
    },
    open(sealed, context) {
      const text = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES)
      try {
        if (sealed[0] !== FORMAT) throw new TypeError('unknown format')
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES))
          .setAAD(Buffer.from(context))
          .setAuthTag(sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES))
        return new Uint8Array(Buffer.concat([decipher.update(text), decipher.final()]))
      } catch (cause) {
        throw new WrongSecret('the secret does not open the keys in the database', { cause })
      }
    },
  }
}
