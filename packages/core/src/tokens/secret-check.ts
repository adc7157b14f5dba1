import { systemRandom } from '../random.ts'
import { openKey } from './making-keys.ts'
import { createSealing, WrongSecret } from './sealing.ts'
import type { StoredKey } from './stored-key.ts'

/** Whether this secret, of at least 32 bytes, opens all of these keys. */
export function opensKeys(secret: Uint8Array, keys: readonly StoredKey[]): boolean {
  const sealing = createSealing(secret, systemRandom)
  try {
    for (const key of keys) openKey(key, sealing)
    return true
  } catch (error) {
    if (error instanceof WrongSecret) return false
    throw error
  }
}
