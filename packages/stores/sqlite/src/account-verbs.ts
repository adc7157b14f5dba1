import type { DatabaseSync } from 'node:sqlite'
import type { NewAccount, RaisedGeneration } from '@counterfoil/core'
import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { AuditCells, RecordAudit } from './audit-verbs.ts'
import { ACCOUNT_COLUMNS } from './database-rows.ts'
import type { AccountRow } from './database-rows.ts'
import type { LogVerbs } from './log-verbs.ts'
import { prepareChange, prepareQuery } from './statements.ts'

/** An email address and the form of it that decides whether two are the same. */
export interface Email {
  readonly email: string
  readonly canonical: string
}

/** What verbs that change accounts also write, in the same transaction. */
export interface Besides {
  readonly audit: RecordAudit
  readonly append: LogVerbs['appendRevocations']
}

/** Prepares the verbs that write accounts; each runs inside a transaction that others begin and commit. */
export function prepareAccountVerbs(db: DatabaseSync, besides: Besides) {
  return {
    registerAccount: prepareRegistration(db, besides),
    changeAccount: prepareChangeOfAccount(db, besides),
    ...prepareSettings(db, besides),
    ...prepareRaises(db, besides),
  }
}

function prepareOwner(db: DatabaseSync) {
  const owner = prepareQuery<[AccountId]>(db, 'SELECT id FROM accounts WHERE canonical_email = ?')
  return (canonical: string) => owner.first(canonical)?.[0]
}

function prepareRegistration(db: DatabaseSync, { audit }: Besides) {
  const ownerOf = prepareOwner(db)
  const erased = prepareQuery(db, 'SELECT 1 FROM erased_accounts WHERE id = ?')
  const insert = prepareChange(
    db,
    `INSERT INTO accounts (id, email, canonical_email, name, password_hash, roles, generation, disabled, created_at)
     VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?)`,
  )
  return (account: NewAccount, canonical: string, event: AuditCells): 'registered' | 'email-taken' => {
    if (ownerOf(canonical) !== undefined) return 'email-taken'
    const { id, email, name, passwordHash, roles, createdAt } = account
    if (erased.first(id) !== undefined) throw new Error('the id of an erased account is not given out again')
    insert(id, email, canonical, name ?? null, passwordHash, JSON.stringify(roles), createdAt)
    audit(event)
    return 'registered'
  }
}

function prepareChangeOfAccount(db: DatabaseSync, { audit }: Besides) {
  const ownerOf = prepareOwner(db)
  const find = prepareQuery<AccountRow>(db, `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ?`)
  const setEmail = prepareChange(db, 'UPDATE accounts SET email = ?2, canonical_email = ?3 WHERE id = ?1')
  const setName = prepareChange(db, 'UPDATE accounts SET name = ?2 WHERE id = ?1')
  return (
    id: AccountId,
    { email, name }: { email: Email | undefined; name: string | null | undefined },
    event: AuditCells,
  ): AccountRow | 'email-taken' | 'absent' => {
    if (find.first(id) === undefined) return 'absent'
    if (email !== undefined) {
      const owner = ownerOf(email.canonical)
      if (owner !== undefined && owner !== id) return 'email-taken'
      setEmail(id, email.email, email.canonical)
    }
    if (name !== undefined) setName(id, name)
    audit(event)
    return find.first(id) ?? 'absent'
  }
}

function prepareSettings(db: DatabaseSync, { audit }: Besides) {
  const setRoles = prepareQuery<AccountRow>(
    db,
    `UPDATE accounts SET roles = ?2 WHERE id = ?1 RETURNING ${ACCOUNT_COLUMNS}`,
  )
  const enable = prepareQuery<AccountRow>(
    db,
    `UPDATE accounts SET disabled = 0 WHERE id = ? RETURNING ${ACCOUNT_COLUMNS}`,
  )
  const rehash = prepareChange(db, 'UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2')
  return {
    setRoles(id: AccountId, roles: string, event: AuditCells): AccountRow | undefined {
      const row = setRoles.first(id, roles)
      if (row !== undefined) audit(event)
      return row
    },
    enableAccount(id: AccountId, event: AuditCells): AccountRow | undefined {
      const row = enable.first(id)
      if (row !== undefined) audit(event)
      return row
    },
    rehashPassword(id: AccountId, from: string, to: string, event: AuditCells): boolean {
      if (rehash(id, from, to) === 0) return false
      audit(event)
      return true
    },
  }
}

function prepareRaise(db: DatabaseSync, { audit, append }: Besides) {
  // The session that is spared keeps the generation that held for it: the account's, or, where it was spared before, an older one.
  const raise = prepareQuery<[number]>(
    db,
    `UPDATE accounts SET generation = generation + 1, kept_session_id = ?2,
       kept_generation = CASE WHEN ?2 IS NULL THEN NULL WHEN kept_session_id = ?2 THEN kept_generation ELSE generation END
     WHERE id = ?1 RETURNING generation`,
  )
  return (id: AccountId, at: number, keep: SessionId | undefined, event: AuditCells): RaisedGeneration | undefined => {
    const generation = raise.first(id, keep ?? null)?.[0]
    if (generation === undefined) return undefined
    audit(event)
    return { generation, head: append([{ kind: 'account', accountId: id, generation, keep, at }]) }
  }
}

function prepareRaises(db: DatabaseSync, besides: Besides) {
  const raise = prepareRaise(db, besides)
  const exists = prepareQuery(db, 'SELECT 1 FROM accounts WHERE id = ?')
  const setPassword = prepareChange(db, 'UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2')
  const disable = prepareChange(db, 'UPDATE accounts SET disabled = 1 WHERE id = ?')
  const remove = prepareChange(db, 'DELETE FROM accounts WHERE id = ?')
  const remember = prepareChange(db, 'INSERT INTO erased_accounts (id) VALUES (?)')
  return {
    raiseAccountGeneration: raise,
    changePassword(
      id: AccountId,
      { from, to, at }: { readonly from: string; readonly to: string; readonly at: number },
      event: AuditCells,
    ): RaisedGeneration | 'stale' | 'absent' {
      if (setPassword(id, from, to) === 0) return exists.first(id) === undefined ? 'absent' : 'stale'
      return raise(id, at, undefined, event) ?? 'absent'
    },
    disableAccount(id: AccountId, at: number, event: AuditCells): RaisedGeneration | undefined {
      disable(id)
      return raise(id, at, undefined, event)
    },
    eraseAccount(id: AccountId, at: number, event: AuditCells): RaisedGeneration | undefined {
      const raised = raise(id, at, undefined, event)
      if (raised === undefined) return undefined
      remove(id)
      remember(id)
      return raised
    },
  }
}
