import type { DatabaseSync } from 'node:sqlite'
import type { KeyPurpose, RaisedGeneration } from '@counterfoil/core'
import type { ApplicationId, KeyId, LogHead } from '@counterfoil/protocol'
import { prepareAccountVerbs } from './account-verbs.ts'
import type { Besides } from './account-verbs.ts'
import { prepareAudit } from './audit-verbs.ts'
import type { AuditCells } from './audit-verbs.ts'
import { KEY_COLUMNS } from './database-rows.ts'
import type { ApplicationRow, KeyRow } from './database-rows.ts'
import type { LogVerbs } from './log-verbs.ts'
import { prepareChange, prepareQuery } from './statements.ts'

/** The verbs that write accounts, applications, keys and the audit log. */
export type DatabaseVerbs = ReturnType<typeof prepareDatabaseVerbs>

/** Prepares the verbs that write accounts, applications, keys and the audit log; each runs inside a transaction that others begin and commit. */
export function prepareDatabaseVerbs(db: DatabaseSync, append: LogVerbs['appendRevocations']) {
  const besides = { audit: prepareAudit(db), append }
  return {
    ...prepareAccountVerbs(db, besides),
    ...prepareApplicationVerbs(db, besides),
    ...prepareKeyVerbs(db, besides),
    recordAudit: besides.audit,
    keepMark: prepareMark(db),
    check: prepareCheck(db),
  }
}

function prepareApplicationVerbs(db: DatabaseSync, { audit, append }: Besides) {
  const declare = prepareQuery<ApplicationRow>(
    db,
    `INSERT INTO applications (id, settings, generation) VALUES (?, ?, 0)
     ON CONFLICT (id) DO UPDATE SET settings = excluded.settings RETURNING settings, generation`,
  )
  const raise = prepareQuery<[number]>(
    db,
    'UPDATE applications SET generation = generation + 1 WHERE id = ? RETURNING generation',
  )
  return {
    declareApplication(id: ApplicationId, settings: string): ApplicationRow {
      return declare.first(id, settings) ?? [settings, 0]
    },
    raiseApplicationGeneration(id: ApplicationId, at: number, event: AuditCells): RaisedGeneration | undefined {
      const generation = raise.first(id)?.[0]
      if (generation === undefined) return undefined
      audit(event)
      return { generation, head: append([{ kind: 'client', applicationId: id, generation, at }]) }
    },
  }
}

function prepareKeyVerbs(db: DatabaseSync, { audit, append }: Besides) {
  const newest = prepareQuery<[KeyId]>(
    db,
    'SELECT id FROM keys WHERE purpose = ? ORDER BY active_at DESC, rowid DESC LIMIT 1',
  )
  const insert = prepareChange(db, `INSERT INTO keys (${KEY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const schedule = prepareChange(db, 'UPDATE keys SET active_at = ?3 WHERE id = ?1 AND active_at = ?2')
  const remove = prepareChange(db, 'DELETE FROM keys WHERE id = ?')
  return {
    addKeys(purpose: KeyPurpose, after: KeyId | undefined, keys: readonly KeyRow[], event: AuditCells): boolean {
      if (newest.first(purpose)?.[0] !== after) return false
      for (const key of keys) insert(...key)
      audit(event)
      return true
    },
    scheduleKey(id: KeyId, from: number, activeAt: number, event: AuditCells): boolean {
      if (schedule(id, from, activeAt) === 0) return false
      audit(event)
      return true
    },
    removeKey(id: KeyId, event: AuditCells): boolean {
      if (remove(id) === 0) return false
      audit(event)
      return true
    },
    killKey(id: KeyId, at: number, event: AuditCells): LogHead | undefined {
      if (remove(id) === 0) return undefined
      audit(event)
      return append([{ kind: 'key', keyId: id, at }])
    },
  }
}

function prepareMark(db: DatabaseSync) {
  const keep = prepareChange(
    db,
    'INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  return (name: string, value: string): void => {
    keep(name, value)
  }
}

function prepareCheck(db: DatabaseSync) {
  // Counts, because SQLite writes no page that stays the same: only a real write tells whether there is room for one.
  const count = prepareChange(db, 'UPDATE installation SET checks = checks + 1')
  return (): void => {
    count()
  }
}
