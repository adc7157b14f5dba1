import type { Application, Database, NewAuditEvent } from '@counterfoil/core'
import type { AccountId, ApplicationId } from '@counterfoil/protocol'
import { createAccountReads, createAccountWrites, createRaises } from './accounts.ts'
import { columnsOf, rowsByKey, type Batches, type Statement } from './batches.ts'
import type { Ask } from './client.ts'
import {
  APPLICATION_COLUMNS,
  applicationOfRow,
  AUDIT_COLUMNS,
  auditEventOfRow,
  cellsOfAudit,
  cellsOfKey,
  KEY_COLUMNS,
  keyOfRow,
} from './database-rows.ts'
import { readText, storedText } from './text.ts'
import { AUDIT_TEXTS, type Write } from './transaction.ts'

/** Statements about applications, keys, the audit log and marks. */
export const DATABASE_TEXTS = {
  findApplications: `SELECT id, ${APPLICATION_COLUMNS} FROM counterfoil_applications WHERE id = ANY($1::text[])`,
  listApplications: `SELECT ${APPLICATION_COLUMNS} FROM counterfoil_applications ORDER BY added`,
  declareApplication: `INSERT INTO counterfoil_applications (id, settings, generation) VALUES ($1, $2, 0)
    ON CONFLICT (id) DO UPDATE SET settings = excluded.settings RETURNING ${APPLICATION_COLUMNS}`,
  raiseApplication:
    'UPDATE counterfoil_applications SET generation = generation + 1 WHERE id = $1 RETURNING generation::float8',
  listKeys: `SELECT ${KEY_COLUMNS} FROM counterfoil_keys ORDER BY purpose, active_at, added`,
  // Whoever adds keys waits for others that add, schedule or remove some; readers do not.
  holdKeys: 'LOCK TABLE counterfoil_keys IN SHARE ROW EXCLUSIVE MODE',
  newestKey: 'SELECT id FROM counterfoil_keys WHERE purpose = $1 ORDER BY active_at DESC, added DESC LIMIT 1',
  addKey: `INSERT INTO counterfoil_keys (id, purpose, algorithm, number, public_jwk, sealed, created_at, active_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
  scheduleKey: 'UPDATE counterfoil_keys SET active_at = $3 WHERE id = $1 AND active_at = $2 RETURNING 1',
  removeKey: 'DELETE FROM counterfoil_keys WHERE id = $1 RETURNING 1',
  readAudit: `SELECT ${AUDIT_COLUMNS} FROM counterfoil_audit WHERE number > $1 ORDER BY number LIMIT $2`,
  sessionOwner: `SELECT account_id FROM counterfoil_audit
    WHERE session_id = $1 AND kind = 'session.started' AND account_id IS NOT NULL ORDER BY number DESC LIMIT 1`,
  readMark: 'SELECT value FROM counterfoil_marks WHERE name = $1',
  keepMark: `INSERT INTO counterfoil_marks (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  // A real write: only that tells whether there is room for one, and that this is a primary.
  check: 'UPDATE counterfoil_installation SET checks = checks + 1',
} as const

/** The database in PostgreSQL: reads and audit events joined, every other verb a transaction. */
export function createDatabase(ask: Ask, batches: Batches, write: Write): Database {
  return {
    ...createAccountReads(ask, batches),
    ...createAccountWrites(write),
    ...createRaises(write),
    ...createApplications(ask, batches, write),
    ...createKeys(ask, write),
    ...createAudit(ask, batches),
    ...createMarks(ask),
    check: async () => void (await ask(DATABASE_TEXTS.check)),
  }
}

const FIND_APPLICATION: Statement<ApplicationId, Application | undefined> = {
  text: DATABASE_TEXTS.findApplications,
  bind: (ids) => [ids.map(storedText)],
  answer: (rows, ids) => {
    const found = rowsByKey(rows)
    return ids.map((id) => {
      const row = found.get(storedText(id))
      return row && applicationOfRow(row.slice(1))
    })
  },
}

function createApplications(
  ask: Ask,
  batches: Batches,
  write: Write,
): Pick<Database, 'declareApplication' | 'findApplication' | 'listApplications' | 'raiseApplicationGeneration'> {
  return {
    async declareApplication(settings) {
      // A generation that came with the settings is not believed.
      const values = [storedText(settings.id), JSON.stringify(settings)]
      const [row = []] = await ask(DATABASE_TEXTS.declareApplication, values)
      return applicationOfRow(row)
    },
    findApplication: batches.of(FIND_APPLICATION),
    listApplications: async () => (await ask(DATABASE_TEXTS.listApplications)).map(applicationOfRow),
    raiseApplicationGeneration: async (id, at, event) =>
      write(async ({ ask: asking, audit, append }) => {
        const [row] = await asking(DATABASE_TEXTS.raiseApplication, [storedText(id)])
        if (row === undefined) return undefined
        const generation = Number(row[0])
        await audit(event)
        return { generation, head: await append({ kind: 'client', applicationId: id, generation, at }) }
      }),
  }
}

function createKeys(
  ask: Ask,
  write: Write,
): Pick<Database, 'listKeys' | 'addKeys' | 'scheduleKey' | 'removeKey' | 'killKey'> {
  return {
    listKeys: async () => (await ask(DATABASE_TEXTS.listKeys)).map(keyOfRow),
    addKeys: async (purpose, newest, keys, event) =>
      write(async ({ ask: asking, audit }) => {
        await asking(DATABASE_TEXTS.holdKeys)
        const [present] = await asking(DATABASE_TEXTS.newestKey, [purpose])
        if ((present && readText(String(present[0]))) !== newest) return false
        for (const key of keys) await asking(DATABASE_TEXTS.addKey, cellsOfKey(key))
        await audit(event)
        return true
      }),
    scheduleKey: async (id, from, activeAt, event) =>
      write(async ({ ask: asking, audit }) => {
        if ((await asking(DATABASE_TEXTS.scheduleKey, [storedText(id), from, activeAt])).length === 0) return false
        await audit(event)
        return true
      }),
    removeKey: async (id, event) =>
      write(async ({ ask: asking, audit }) => {
        if ((await asking(DATABASE_TEXTS.removeKey, [storedText(id)])).length === 0) return false
        await audit(event)
        return true
      }),
    killKey: async (id, at, event) =>
      write(async ({ ask: asking, audit, append }) => {
        if ((await asking(DATABASE_TEXTS.removeKey, [storedText(id)])).length === 0) return undefined
        await audit(event)
        return append({ kind: 'key', keyId: id, at })
      }),
  }
}

const RECORD_AUDIT: Statement<NewAuditEvent, void> = {
  text: AUDIT_TEXTS.record,
  bind: (events) => columnsOf(events.map(cellsOfAudit), 8),
  answer: (_, events) => events.map(() => undefined),
}

function createAudit(ask: Ask, batches: Batches): Pick<Database, 'recordAudit' | 'readAudit' | 'findSessionOwner'> {
  return {
    recordAudit: batches.of(RECORD_AUDIT),
    readAudit: async (after, limit) => (await ask(DATABASE_TEXTS.readAudit, [after, limit])).map(auditEventOfRow),
    async findSessionOwner(id) {
      const [row] = await ask(DATABASE_TEXTS.sessionOwner, [id])
      return row && (String(row[0]) as AccountId)
    },
  }
}

function createMarks(ask: Ask): Pick<Database, 'readMark' | 'keepMark'> {
  return {
    async readMark(name) {
      const [row] = await ask(DATABASE_TEXTS.readMark, [name])
      return row && readText(String(row[0]))
    },
    keepMark: async (name, value) => void (await ask(DATABASE_TEXTS.keepMark, [name, storedText(value)])),
  }
}
