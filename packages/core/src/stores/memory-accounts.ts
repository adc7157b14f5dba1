import type { AccountId, NewRevocation, SessionId } from '@counterfoil/protocol'
import { canonicalEmail, type Account } from '../accounts/account.ts'
import type { NewAuditEvent } from '../audit.ts'
import { raiseGeneration } from '../revocations/generations.ts'
import type { Database, NewAccount, RaisedGeneration } from './database.ts'
import type { MemoryAudit } from './memory-audit.ts'
import type { MemoryRevocationLog } from './memory-revocation-log.ts'

/** The part of the reference database that knows accounts. Each verb is one synchronous step. */
export class MemoryAccounts {
  readonly #accounts = new Map<AccountId, Account>()
  readonly #byEmail = new Map<string, AccountId>()
  readonly #audit: MemoryAudit
  readonly #log: MemoryRevocationLog

  constructor(audit: MemoryAudit, log: MemoryRevocationLog) {
    this.#audit = audit
    this.#log = log
  }

  async registerAccount(account: NewAccount, audit: NewAuditEvent): Promise<'registered' | 'email-taken'> {
    const email = canonicalEmail(account.email)
    if (this.#byEmail.has(email)) return 'email-taken'
    this.#accounts.set(account.id, structuredClone({ ...account, generation: 0, disabled: false }))
    this.#byEmail.set(email, account.id)
    this.#audit.append(audit)
    return 'registered'
  }

  async findAccount(id: AccountId): Promise<Account | undefined> {
    return structuredClone(this.#accounts.get(id))
  }

  async findAccountByEmail(email: string): Promise<Account | undefined> {
    const id = this.#byEmail.get(canonicalEmail(email))
    return id === undefined ? undefined : this.findAccount(id)
  }

  async listAccounts(after: AccountId | undefined, limit: number): Promise<Account[]> {
    const ids = [...this.#accounts.keys()].filter((id) => after === undefined || id > after).sort()
    return ids.slice(0, limit).flatMap((id) => structuredClone(this.#accounts.get(id)) ?? [])
  }

  async changeAccount(
    id: AccountId,
    { email, name }: Parameters<Database['changeAccount']>[1],
    audit: NewAuditEvent,
  ): Promise<Account | 'email-taken' | 'absent'> {
    const account = this.#accounts.get(id)
    if (account === undefined) return 'absent'
    const owner = email === undefined ? undefined : this.#byEmail.get(canonicalEmail(email))
    if (owner !== undefined && owner !== id) return 'email-taken'
    if (email !== undefined) {
      this.#byEmail.delete(canonicalEmail(account.email))
      this.#byEmail.set(canonicalEmail(email), id)
    }
    const renamed = name === undefined ? account.name : (name ?? undefined)
    return this.#change({ ...account, email: email ?? account.email, name: renamed }, audit)
  }

  async setRoles(id: AccountId, roles: readonly string[], audit: NewAuditEvent): Promise<Account | undefined> {
    const account = this.#accounts.get(id)
    return account && this.#change({ ...account, roles: [...roles] }, audit)
  }

  async rehashPassword(id: AccountId, from: string, to: string, audit: NewAuditEvent): Promise<boolean> {
    const account = this.#accounts.get(id)
    if (account?.passwordHash !== from) return false
    this.#change({ ...account, passwordHash: to }, audit)
    return true
  }

  async changePassword(
    id: AccountId,
    { from, to, at }: Parameters<Database['changePassword']>[1],
    audit: NewAuditEvent,
  ): Promise<RaisedGeneration | 'stale' | 'absent'> {
    const account = this.#accounts.get(id)
    if (account === undefined) return 'absent'
    if (account.passwordHash !== from) return 'stale'
    return this.#raise({ ...account, passwordHash: to }, at, undefined, audit)
  }

  async raiseAccountGeneration(
    id: AccountId,
    { at, keep }: Parameters<Database['raiseAccountGeneration']>[1],
    audit: NewAuditEvent,
  ): Promise<RaisedGeneration | undefined> {
    const account = this.#accounts.get(id)
    return account && this.#raise(account, at, keep, audit)
  }

  async disableAccount(id: AccountId, at: number, audit: NewAuditEvent): Promise<RaisedGeneration | undefined> {
    const account = this.#accounts.get(id)
    return account && this.#raise({ ...account, disabled: true }, at, undefined, audit)
  }

  async enableAccount(id: AccountId, audit: NewAuditEvent): Promise<Account | undefined> {
    const account = this.#accounts.get(id)
    return account && this.#change({ ...account, disabled: false }, audit)
  }

  async eraseAccount(id: AccountId, at: number, audit: NewAuditEvent): Promise<RaisedGeneration | undefined> {
    const account = this.#accounts.get(id)
    if (account === undefined) return undefined
    const raised = this.#raise(account, at, undefined, audit)
    this.#accounts.delete(id)
    this.#byEmail.delete(canonicalEmail(account.email))
    return raised
  }

  #change(account: Account, audit: NewAuditEvent): Account {
    this.#accounts.set(account.id, account)
    this.#audit.append(audit)
    return structuredClone(account)
  }

  #raise(account: Account, at: number, keep: SessionId | undefined, audit: NewAuditEvent): RaisedGeneration {
    const { generation, kept } = raiseGeneration(account, keep)
    this.#change({ ...account, generation, kept }, audit)
    const record: NewRevocation = { kind: 'account', accountId: account.id, generation, at }
    return { generation, head: this.#log.appendNow([keep === undefined ? record : { ...record, keep }]) }
  }
}
