import type { Eventually } from './eventually.ts'
import type { KeyRing } from './key-ring.ts'

/** No keys can be had, so nothing can be decided; when to ask again. */
export interface KeysUnavailable {
  readonly retryAfterMs: number
}

/** How a verifier stands with its keys. Instants are epoch milliseconds. */
export interface KeysStatus {
  readonly source: 'remote' | 'local'
  /** Keys that can be used; undefined as long as there was no key set. */
  readonly usable: number | undefined
  /** Keys of the set that cannot be used: of another kind, too small, not canonical, or one name for two of them. */
  readonly skipped: number
  /** When the set in use was asked for; undefined for a local one. */
  readonly fetchedAt: number | undefined
  /** Attempts to get the set since the last one that worked. */
  readonly failures: number
  /** What the last of them said. */
  readonly error: string | undefined
}

/** The keys that a verifier trusts. */
export interface TrustedKeys {
  /** Those to decide by now: at once, unless they have to be had first. */
  current(now: number): Eventually<KeyRing | KeysUnavailable>
  /** Looks again for a key that `current` does not hold; undefined when it is known not to be there. */
  lookAgain(now: number): Eventually<KeyRing | KeysUnavailable | undefined>
  status(): KeysStatus
}
