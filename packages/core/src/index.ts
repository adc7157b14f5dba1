export type { Account } from './accounts/account.ts'
export { canonicalEmail } from './accounts/account.ts'
export type { Application, ApplicationLifetimes, ApplicationSettings } from './applications/application.ts'
export type { AuditEvent, AuditKind, NewAuditEvent } from './audit.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
export { drawId, systemRandom } from './random.ts'
export type { Random } from './random.ts'
export { LeaseBook } from './revocations/leases.ts'
export type { Obedience, PendingLease } from './revocations/leases.ts'
export { answerLease } from './revocations/lease-answer.ts'
export type { LeaseTerms } from './revocations/lease-answer.ts'
export { RevocationFeed } from './revocations/feed.ts'
export type { FeedListener, FeedParts, Obeyed } from './revocations/feed.ts'
export { systemTimer } from './timer.ts'
export type { Timer } from './timer.ts'
export { generationCut, raiseGeneration } from './revocations/generations.ts'
export { NearCache } from './sessions/near-cache.ts'
export type { FoundSession, NearCacheParts, OwnLease } from './sessions/near-cache.ts'
export type { KeyProof } from './sessions/key-proof.ts'
export { repairSessions } from './sessions/repair.ts'
export type { RepairParts } from './sessions/repair.ts'
export { isLive, sessionEndsAt } from './sessions/session.ts'
export type { Session, Use } from './sessions/session.ts'
export type { AttemptCounters, AttemptRule, Taking } from './credentials/attempt-counters.ts'
export { FAMILIAR_GROUPS_PER_ACCOUNT } from './credentials/familiar-addresses.ts'
export type { FamiliarAddresses } from './credentials/familiar-addresses.ts'
export { MemorySpentProofs } from './credentials/memory-spent-proofs.ts'
export { SPENT_PROOF_MARGIN_MS, SPENT_PROOFS_TIDIED } from './credentials/spent-proofs.ts'
export type { SpentProofs } from './credentials/spent-proofs.ts'
export { ARCHIVE_KEYS, archivedKey, canonicalRow, storedKey } from './stores/archive.ts'
export type {
  ArchivedKey,
  ArchivedSession,
  DatabaseArchive,
  DatabaseContents,
  ErasedAccount,
  LogEnds,
  Page,
  Section,
  SessionArchive,
  SessionContents,
  SessionFloor,
} from './stores/archive.ts'
export type { Database, NewAccount, RaisedGeneration } from './stores/database.ts'
export type { NodeBoard, NodeReport } from './stores/node-board.ts'
export type { RevocationLog, Unsubscribe } from './stores/revocation-log.ts'
export type { Advance, Attributes, SessionStore, VersionedAttributes } from './stores/session-store.ts'
export { StoreUnavailable } from './stores/unavailable.ts'
export type { KeyPurpose, StoredKey } from './tokens/stored-key.ts'
export { createAuth } from './auth.ts'
export type { Auth, AuthOptions, Origin } from './auth.ts'
export { createPolicy, POLICY_LIMITS, PolicyError } from './policy.ts'
export type { Policy, PolicyLimit } from './policy.ts'
export { isRefusal } from './refusal.ts'
export type { Outcome, Refusal } from './refusal.ts'
export type { Caller, Credentials, Ended, SessionView, SignedIn } from './sessions/caller.ts'
export type { Introspection } from './sessions/introspect.ts'
export type { PublicJwk } from './tokens/key-ring.ts'
export { WrongSecret } from './tokens/sealing.ts'
export { opensKeys } from './tokens/secret-check.ts'
export { createMemoryStores } from './stores/memory/stores.ts'
