import type { Clock } from './clock.ts'
import type { Passwords } from './credentials/passwords.ts'
import type { Throttle } from './credentials/throttle.ts'
import type { Policy } from './policy.ts'
import type { Random } from './random.ts'
import type { RevocationFeed } from './revocations/feed.ts'
import type { ProvenTags } from './tokens/proven-tags.ts'
import type { NearCache } from './sessions/near-cache.ts'
import type { Database } from './stores/database.ts'
import type { RevocationLog } from './stores/revocation-log.ts'
import type { SessionStore } from './stores/session-store.ts'
import type { KeyRing } from './tokens/key-ring.ts'

/** All that the use cases work with. */
export interface Issuer {
  /** The issuer URL, to the letter as tokens carry it. */
  readonly issuer: string
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  readonly feed: RevocationFeed
  readonly keys: KeyRing
  /** What this node keeps of sessions. */
  readonly near: NearCache
  /** Of session tokens that this node has seen. */
  readonly provenTags: ProvenTags
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly policy: Policy
  readonly clock: Clock
  readonly random: Random
}
