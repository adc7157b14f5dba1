import { canonicalEmail } from '@counterfoil/core'
import type { Account, Database } from '@counterfoil/core'
import type { AccountId } from '@counterfoil/protocol'
import type { Email } from './account-verbs.ts'
import { cellsOfAudit } from './audit-verbs.ts'
import {
  ACCOUNT_COLUMNS,
  accountOfRow,
  applicationOfRow,
  AUDIT_COLUMNS,
  auditEventOfRow,
  KEY_COLUMNS,
  keyOfRow,
  rowOfKey,
} from './database-rows.ts'
import type { AccountRow, ApplicationRow, AuditRow, KeyRow } from './database-rows.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Reader } from './reader.ts'
import { prepareQuery } from './statements.ts'

/** The database over one file: reads at once on this thread, writes in the next transaction of `group`. */
export function createDatabase(reader: Reader, group: GroupCommit): Database {
  return {
    ...createAccountReads(reader),
    ...createAccountWrites(group),
    ...createRaises(group),
    ...createApplications(reader, group),
    ...createKeys(reader, group),
    ...createAudit(reader, group),
    ...createMarks(reader, group),
    ...createCheck(reader, group),
  }
}

function createAccountReads({
  db,
  answer,
}: Reader): Pick<Database, 'findAccount' | 'findAccountByEmail' | 'listAccounts'> {
  const select = `SELECT ${ACCOUNT_COLUMNS} FROM accounts`
  const find = prepareQuery<AccountRow>(db, `${select} WHERE id = ?`)
  const findByEmail = prepareQuery<AccountRow>(db, `${select} WHERE canonical_email = ?`)
  const list = prepareQuery<AccountRow>(db, `${select} WHERE id > ? ORDER BY id LIMIT ?`)
  return {
    findAccount: (id) => answer(() => optionalAccount(find.first(id))),
    findAccountByEmail: (email) => answer(() => optionalAccount(findByEmail.first(canonicalEmail(email)))),
    listAccounts: (after, limit) => answer(() => list.all(after ?? '', limit).map(accountOfRow)),
  }
}

function createAccountWrites(
  group: GroupCommit,
): Pick<Database, 'registerAccount' | 'changeAccount' | 'setRoles' | 'enableAccount' | 'rehashPassword'> {
  return {
    registerAccount: async (account, audit) =>
      group.write('registerAccount', [account, canonicalEmail(account.email), cellsOfAudit(audit)]),
    async changeAccount(id, { email, name }, audit) {
      const change = { email: email === undefined ? undefined : emailOf(email), name }
      const outcome = await group.write('changeAccount', [id, change, cellsOfAudit(audit)])
      return typeof outcome === 'string' ? outcome : accountOfRow(outcome)
    },
    setRoles: async (id, roles, audit) =>
      optionalAccount(await group.write('setRoles', [id, JSON.stringify(roles), cellsOfAudit(audit)])),
    enableAccount: async (id, audit) => optionalAccount(await group.write('enableAccount', [id, cellsOfAudit(audit)])),
    rehashPassword: async (id, from, to, audit) => group.write('rehashPassword', [id, from, to, cellsOfAudit(audit)]),
  }
}

function createRaises(
  group: GroupCommit,
): Pick<Database, 'changePassword' | 'raiseAccountGeneration' | 'disableAccount' | 'eraseAccount'> {
  return {
    changePassword: async (id, change, audit) => group.write('changePassword', [id, change, cellsOfAudit(audit)]),
    raiseAccountGeneration: async (id, { at, keep }, audit) =>
      group.write('raiseAccountGeneration', [id, at, keep, cellsOfAudit(audit)]),
    disableAccount: async (id, at, audit) => group.write('disableAccount', [id, at, cellsOfAudit(audit)]),
    eraseAccount: async (id, at, audit) => group.write('eraseAccount', [id, at, cellsOfAudit(audit)]),
  }
}

function createApplications(
  { db, answer }: Reader,
  group: GroupCommit,
): Pick<Database, 'declareApplication' | 'findApplication' | 'listApplications' | 'raiseApplicationGeneration'> {
  const find = prepareQuery<ApplicationRow>(db, 'SELECT settings, generation FROM applications WHERE id = ?')
  const list = prepareQuery<ApplicationRow>(db, 'SELECT settings, generation FROM applications ORDER BY rowid')
  return {
    declareApplication: async (settings) =>
      applicationOfRow(await group.write('declareApplication', [settings.id, JSON.stringify(settings)])),
    findApplication: (id) =>
      answer(() => {
        const row = find.first(id)
        return row && applicationOfRow(row)
      }),
    listApplications: () => answer(() => list.all().map(applicationOfRow)),
    raiseApplicationGeneration: async (id, at, audit) =>
      group.write('raiseApplicationGeneration', [id, at, cellsOfAudit(audit)]),
  }
}

function createKeys(
  { db, answer }: Reader,
  group: GroupCommit,
): Pick<Database, 'listKeys' | 'addKeys' | 'scheduleKey' | 'removeKey' | 'killKey'> {
  const list = prepareQuery<KeyRow>(db, `SELECT ${KEY_COLUMNS} FROM keys ORDER BY purpose, active_at, rowid`)
  return {
    listKeys: () => answer(() => list.all().map(keyOfRow)),
    addKeys: async (purpose, newest, keys, audit) =>
      group.write('addKeys', [purpose, newest, keys.map(rowOfKey), cellsOfAudit(audit)]),
    scheduleKey: async (id, from, activeAt, audit) =>
      group.write('scheduleKey', [id, from, activeAt, cellsOfAudit(audit)]),
    removeKey: async (id, audit) => group.write('removeKey', [id, cellsOfAudit(audit)]),
    killKey: async (id, at, audit) => group.write('killKey', [id, at, cellsOfAudit(audit)]),
  }
}

function createAudit(
  { db, answer }: Reader,
  group: GroupCommit,
): Pick<Database, 'recordAudit' | 'readAudit' | 'findSessionOwner'> {
  const read = prepareQuery<AuditRow>(db, `SELECT ${AUDIT_COLUMNS} FROM audit WHERE number > ? ORDER BY number LIMIT ?`)
  const owner = prepareQuery<[AccountId]>(
    db,
    `SELECT account_id FROM audit WHERE session_id = ? AND kind = 'session.started' AND account_id IS NOT NULL
     ORDER BY number DESC LIMIT 1`,
  )
  return {
    recordAudit: async (event) => group.write('recordAudit', [cellsOfAudit(event)]),
    readAudit: (after, limit) => answer(() => read.all(after, limit).map(auditEventOfRow)),
    findSessionOwner: (id) => answer(() => owner.first(id)?.[0]),
  }
}

function createMarks({ db, answer }: Reader, group: GroupCommit): Pick<Database, 'readMark' | 'keepMark'> {
  const read = prepareQuery<[string]>(db, 'SELECT value FROM marks WHERE name = ?')
  return {
    readMark: (name) => answer(() => read.first(name)?.[0]),
    keepMark: async (name, value) => group.write('keepMark', [name, value]),
  }
}

function createCheck({ db, answer }: Reader, group: GroupCommit): Pick<Database, 'check'> {
  const read = prepareQuery(db, 'SELECT checks FROM installation')
  return {
    async check() {
      await answer(() => read.first())
      await group.write('check', [])
    },
  }
}

function optionalAccount(row: AccountRow | undefined): Account | undefined {
  return row && accountOfRow(row)
}

function emailOf(email: string): Email {
  return { email, canonical: canonicalEmail(email) }
}
