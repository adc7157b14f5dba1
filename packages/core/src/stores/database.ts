import type { AccountId, ApplicationId, KeyId, LogHead, SessionId } from '@counterfoil/protocol'
import type { Account } from '../accounts/account.ts'
import type { Application, ApplicationSettings } from '../applications/application.ts'
import type { AuditEvent, NewAuditEvent } from '../audit.ts'
import type { KeyPurpose, StoredKey } from '../tokens/stored-key.ts'

/** What ending the sessions of a generation left behind: the generation that holds now, and the place of its record in the log. */
export interface RaisedGeneration {
  readonly generation: number
  readonly head: LogHead
}

/** An account before it has a history. */
export type NewAccount = Pick<Account, 'id' | 'email' | 'name' | 'passwordHash' | 'roles' | 'createdAt'>

/**
 * What must never be lost: accounts, applications, keys, the audit log. Each verb is one transaction, and durable when
 * it resolves; the audit event given with a change is written in the same transaction, and only if the change was made. Verbs that
 * end sessions append the record to the revocation log in the same transaction. All times are given by the caller. What comes back is a
 * copy. Rejects with `StoreUnavailable` only, but for an id that is given out twice.
 */
export interface Database {
  /**
   * Adds an account with generation 0, enabled. `email-taken` when another has the same canonical email. Ids are random: one that
   * an account has, or had before it was erased, is a mistake, which rejects and writes nothing.
   */
  registerAccount(account: NewAccount, audit: NewAuditEvent): Promise<'registered' | 'email-taken'>
  /** The account, or undefined when it was never there or has been erased. */
  findAccount(id: AccountId): Promise<Account | undefined>
  /** The account whose canonical email is that of `email`, or undefined. */
  findAccountByEmail(email: string): Promise<Account | undefined>
  /** At most `limit` accounts in order of id, after `after`. */
  listAccounts(after: AccountId | undefined, limit: number): Promise<Account[]>
  /** Sets what is given and leaves what is not; a name of `null` is taken away. The account as it stands then. */
  changeAccount(
    id: AccountId,
    change: { readonly email?: string | undefined; readonly name?: string | null | undefined },
    audit: NewAuditEvent,
  ): Promise<Account | 'email-taken' | 'absent'>
  setRoles(id: AccountId, roles: readonly string[], audit: NewAuditEvent): Promise<Account | undefined>
  /** Puts `to` in the place of `from`, and raises nothing. `false` when `from` no longer holds: a newer password wins. */
  rehashPassword(id: AccountId, from: string, to: string, audit: NewAuditEvent): Promise<boolean>
  /**
   * Puts `to` in the place of `from`, raises the generation and appends the record. `stale` when `from` no longer holds.
   */
  changePassword(
    id: AccountId,
    change: { readonly from: string; readonly to: string; readonly at: number },
    audit: NewAuditEvent,
  ): Promise<RaisedGeneration | 'stale' | 'absent'>
  /** Raises the generation by one and appends the record. `keep` names a session that its new cut spares; see `generationCut`. */
  raiseAccountGeneration(
    id: AccountId,
    raise: { readonly at: number; readonly keep?: SessionId | undefined },
    audit: NewAuditEvent,
  ): Promise<RaisedGeneration | undefined>
  /** Disables the account, raises its generation and appends the record; all three also when it is disabled already. */
  disableAccount(id: AccountId, at: number, audit: NewAuditEvent): Promise<RaisedGeneration | undefined>
  /** Enables the account. Its generation stays: nothing that ended comes back. */
  enableAccount(id: AccountId, audit: NewAuditEvent): Promise<Account | undefined>
  /** Raises the generation, appends the record, and removes the personal data; the email is free again. Its id is never given out again. */
  eraseAccount(id: AccountId, at: number, audit: NewAuditEvent): Promise<RaisedGeneration | undefined>

  /** Adds the application with generation 0, or gives it these settings and no others; its generation stays. The application as it stands then. */
  declareApplication(settings: ApplicationSettings): Promise<Application>
  findApplication(id: ApplicationId): Promise<Application | undefined>
  listApplications(): Promise<Application[]>
  /** Raises the generation by one and appends the record. */
  raiseApplicationGeneration(id: ApplicationId, at: number, audit: NewAuditEvent): Promise<RaisedGeneration | undefined>

  /** All keys, by purpose and then by `activeAt`. */
  listKeys(): Promise<StoredKey[]>
  /** Adds the keys if the newest key of that purpose (by `activeAt`) is still `newest`; of callers that race from the same one, exactly one gets `true`. */
  addKeys(
    purpose: KeyPurpose,
    newest: KeyId | undefined,
    keys: readonly StoredKey[],
    audit: NewAuditEvent,
  ): Promise<boolean>
  /** Sets when the key becomes active, if it still is to become so at `from`. */
  scheduleKey(id: KeyId, from: number, activeAt: number, audit: NewAuditEvent): Promise<boolean>
  removeKey(id: KeyId, audit: NewAuditEvent): Promise<boolean>
  /** Removes the key and appends the record that ends every token it signed: for a key that may have been stolen. */
  killKey(id: KeyId, at: number, audit: NewAuditEvent): Promise<LogHead | undefined>

  recordAudit(event: NewAuditEvent): Promise<void>
  /** The account for which the audit log has this session start (`session.started`), or undefined. The only trace of a stateless session. */
  findSessionOwner(id: SessionId): Promise<AccountId | undefined>
  /** At most `limit` events with a number above `after`, oldest first. */
  readAudit(after: number, limit: number): Promise<AuditEvent[]>

  /** What was kept last under this name, or undefined: what another store has to remember although it may lose its own memory. */
  readMark(name: string): Promise<string | undefined>
  keepMark(name: string, value: string): Promise<void>

  /** Resolves when the database can be read and written; for readiness. */
  check(): Promise<void>
}
