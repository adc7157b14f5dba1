import type { JwsEngine } from './engine.ts'
import { whenReady, type Eventually } from './eventually.ts'
import { readKeyRing, type JwkSet, type KeyRing } from './key-ring.ts'
import type { Jwk } from './jwk.ts'
import type { KeysUnavailable, TrustedKeys } from './trusted-keys.ts'

/** Keys that are in memory already, and may change. */
export interface KeySource {
  /**
   * The key set as it stands, asked at every check. As long as nothing has changed, return the same object: another
   * object is read anew, and a key that is gone from it is trusted no longer.
   */
  readonly keys: () => JwkSet | readonly Jwk[]
}

const RETRY_AFTER_MS = 1000

/** Trusts the keys of a source in memory. */
export function localKeys(source: KeySource, engine: JwsEngine): TrustedKeys {
  let given: unknown
  let latest: KeyRing | undefined
  let ring: Eventually<KeyRing | KeysUnavailable> = { retryAfterMs: RETRY_AFTER_MS }
  let error: string | undefined

  function settle(set: unknown, read: KeyRing): KeyRing {
    if (given === set) latest = ring = read
    return read
  }

  function readAnew(set: unknown): Eventually<KeyRing> {
    const reading = readKeyRing(set, engine, latest)
    given = set
    error = undefined
    ring = reading
    return whenReady(reading, (read) => settle(set, read))
  }

  return {
    current() {
      try {
        const set = source.keys()
        if (set !== given) return readAnew(set)
        error = undefined
        return ring
      } catch (thrown) {
        error = String(thrown)
        return { retryAfterMs: RETRY_AFTER_MS }
      }
    },
    lookAgain: () => undefined,
    status() {
      const counted = { usable: latest?.size, skipped: latest?.skipped ?? 0 }
      return { source: 'local', ...counted, fetchedAt: undefined, failures: error === undefined ? 0 : 1, error }
    },
  }
}
