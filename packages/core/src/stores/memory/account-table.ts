import type { AccountId } from '@counterfoil/protocol'
import { canonicalEmail, type Account } from '../../accounts/account.ts'

/** Accounts by id and by email: copies in, copies out. */
export class AccountTable {
  readonly #accounts = new Map<AccountId, Account>()
  readonly #owners = new Map<string, AccountId>()
  readonly #erased = new Set<AccountId>()

  get(id: AccountId): Account | undefined {
    const account = this.#accounts.get(id)
    return account && structuredClone(account)
  }

  ownerOf(email: string): AccountId | undefined {
    return this.#owners.get(canonicalEmail(email))
  }

  /** Whether an account has this id, or had it. */
  has(id: AccountId): boolean {
    return this.#accounts.has(id) || this.#erased.has(id)
  }

  isErased(id: AccountId): boolean {
    return this.#erased.has(id)
  }

  erasedIds(): readonly AccountId[] {
    return [...this.#erased]
  }

  ids(): AccountId[] {
    return [...this.#accounts.keys()].toSorted((one, other) => (one < other ? -1 : 1))
  }

  /** Adds the account, or puts it in the place of the one that has its id. Nobody else has its email. */
  put(account: Account): void {
    const before = this.#accounts.get(account.id)
    if (before !== undefined) this.#owners.delete(canonicalEmail(before.email))
    this.#owners.set(canonicalEmail(account.email), account.id)
    this.#accounts.set(account.id, structuredClone(account))
  }

  erase({ id, email }: Account): void {
    this.#accounts.delete(id)
    this.#owners.delete(canonicalEmail(email))
    this.#erased.add(id)
  }

  addErased(id: AccountId): void {
    this.#erased.add(id)
  }
}
