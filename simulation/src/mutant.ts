import type { FeedParts, OwnLease, RevocationFeed } from '@counterfoil/core'
import type { LeaseAnswer, LeaseRequest } from '@counterfoil/protocol'
import type { Following, FollowingParts, OpenWorks, WorkClock } from '@counterfoil/verifier/feed'

/** Answers requests for leases, as `RevocationFeed` does. */
export type Lease = (request: LeaseRequest) => Promise<LeaseAnswer | 'crowded'>

/** A mistake, planted on purpose; what is absent is as in production. */
export interface Mutant {
  readonly name: string
  /** What is wrong, in a sentence. */
  readonly says: string
  /** The verifier's side, made of other parts or of another class. */
  readonly follow?: (parts: FollowingParts) => Following
  /** The works that `follow` is to end. */
  readonly works?: (clock: WorkClock) => OpenWorks
  /** The node's side, made of other parts. */
  readonly feed?: (parts: FeedParts) => Promise<RevocationFeed>
  /** What the node's own sessions are kept under. */
  readonly ownLease?: (feed: RevocationFeed) => OwnLease
  /** How the node answers requests for leases. */
  readonly lease?: (feed: RevocationFeed, parts: FeedParts) => Promise<Lease>
  /** The verifier judges before the signature work, and answers after it. */
  readonly judgesEarly?: boolean
  /** The log does not say that it has lost a suffix. */
  readonly keepsIncarnation?: boolean
}
