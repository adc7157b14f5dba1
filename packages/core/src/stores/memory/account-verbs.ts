import type { SessionId } from '@counterfoil/protocol'
import type { Account } from '../../accounts/account.ts'
import type { NewAuditEvent } from '../../audit.ts'
import { raiseGeneration } from '../../revocations/generations.ts'
import type { Database, RaisedGeneration } from '../database.ts'
import type { Tables } from './tables.ts'

type Reads = 'findAccount' | 'findAccountByEmail' | 'listAccounts'
type Settings = 'registerAccount' | 'changeAccount' | 'setRoles' | 'enableAccount' | 'rehashPassword'
type Raises = 'changePassword' | 'raiseAccountGeneration' | 'disableAccount' | 'eraseAccount'

/** The verbs about accounts. The event goes first: what cannot be copied rejects before anything has changed. */
export function createAccountVerbs(tables: Tables): Pick<Database, Reads | Settings | Raises> {
  return { ...createReads(tables), ...createSettings(tables), ...createRaises(tables) }
}

function createReads({ accounts }: Tables): Pick<Database, Reads> {
  return {
    findAccount: async (id) => accounts.get(id),
    async findAccountByEmail(email) {
      const id = accounts.ownerOf(email)
      return id && accounts.get(id)
    },
    async listAccounts(after, limit) {
      const ids = accounts.ids().filter((id) => after === undefined || id > after)
      return ids.slice(0, limit).flatMap((id) => accounts.get(id) ?? [])
    },
  }
}

function createSettings(tables: Tables): Pick<Database, Settings> {
  const { accounts, audit } = tables
  return {
    async registerAccount({ id, email, name, passwordHash, roles, createdAt }, event) {
      if (accounts.ownerOf(email) !== undefined) return 'email-taken'
      if (accounts.has(id)) throw new TypeError('the id of an account is not given out twice')
      audit.add(event)
      accounts.put({ id, email, name, passwordHash, roles, createdAt, generation: 0, disabled: false })
      return 'registered'
    },
    async changeAccount(id, { email, name }, event) {
      const account = accounts.get(id)
      if (account === undefined) return 'absent'
      const owner = email === undefined ? undefined : accounts.ownerOf(email)
      if (owner !== undefined && owner !== id) return 'email-taken'
      const named = name === undefined ? account.name : (name ?? undefined)
      return change(tables, { ...account, email: email ?? account.email, name: named }, event)
    },
    async setRoles(id, roles, event) {
      const account = accounts.get(id)
      return account && change(tables, { ...account, roles }, event)
    },
    async enableAccount(id, event) {
      const account = accounts.get(id)
      return account && change(tables, { ...account, disabled: false }, event)
    },
    async rehashPassword(id, from, to, event) {
      const account = accounts.get(id)
      if (account?.passwordHash !== from) return false
      change(tables, { ...account, passwordHash: to }, event)
      return true
    },
  }
}

function change({ accounts, audit }: Tables, account: Account, event: NewAuditEvent): Account {
  audit.add(event)
  accounts.put(account)
  return structuredClone(account)
}

function createRaises(tables: Tables): Pick<Database, Raises> {
  const { accounts } = tables
  return {
    async changePassword(id, { from, to, at }, event) {
      const account = accounts.get(id)
      if (account === undefined) return 'absent'
      return account.passwordHash === from ? raise(tables, { ...account, passwordHash: to }, { at }, event) : 'stale'
    },
    async raiseAccountGeneration(id, { at, keep }, event) {
      const account = accounts.get(id)
      return account && raise(tables, account, { at, keep }, event)
    },
    async disableAccount(id, at, event) {
      const account = accounts.get(id)
      return account && raise(tables, { ...account, disabled: true }, { at }, event)
    },
    async eraseAccount(id, at, event) {
      const account = accounts.get(id)
      if (account === undefined) return undefined
      const raised = raise(tables, account, { at }, event)
      accounts.erase(account)
      return raised
    },
  }
}

function raise(
  tables: Tables,
  account: Account,
  { at, keep }: { readonly at: number; readonly keep?: SessionId | undefined },
  event: NewAuditEvent,
): RaisedGeneration {
  const { generation, kept } = raiseGeneration(account, keep)
  change(tables, { ...account, generation, kept }, event)
  const record = { kind: 'account', accountId: account.id, generation, at } as const
  return { generation, head: tables.appendNow([keep === undefined ? record : { ...record, keep }]) }
}
