import type { DatabaseArchive } from '../archive.ts'
import type { Database } from '../database.ts'
import { AccountTable } from './account-table.ts'
import { createAccountVerbs } from './account-verbs.ts'
import { AuditTable } from './audit-table.ts'
import { createKeyVerbs } from './key-verbs.ts'
import { createMemoryDatabaseArchive } from './database-archive.ts'
import type { MemoryLog } from './revocation-log.ts'
import type { Tables } from './tables.ts'

/** A database and everything in it. */
export interface MemoryDatabase {
  readonly database: Database
  readonly archive: DatabaseArchive
}

/** A database in memory: nothing survives the process. Each verb runs to its end before anything else does. */
export function createMemoryDatabase({ appendNow, archive }: Omit<MemoryLog, 'log'>): MemoryDatabase {
  const tables: Tables = {
    accounts: new AccountTable(),
    applications: new Map(),
    keys: new Map(),
    audit: new AuditTable(),
    appendNow,
  }
  const database = {
    ...createAccountVerbs(tables),
    ...createApplicationVerbs(tables),
    ...createKeyVerbs(tables),
    ...createAuditVerbs(tables),
    ...createMarkVerbs(),
    check: async () => undefined,
  }
  return { database, archive: createMemoryDatabaseArchive(tables, archive) }
}

function createApplicationVerbs({
  applications,
  audit,
  appendNow,
}: Tables): Pick<
  Database,
  'declareApplication' | 'findApplication' | 'listApplications' | 'raiseApplicationGeneration'
> {
  return {
    async declareApplication(settings) {
      const generation = applications.get(settings.id)?.generation ?? 0
      const application = structuredClone({ ...settings, generation })
      applications.set(settings.id, application)
      return structuredClone(application)
    },
    findApplication: async (id) => structuredClone(applications.get(id)),
    listApplications: async () => structuredClone([...applications.values()]),
    async raiseApplicationGeneration(id, at, event) {
      const application = applications.get(id)
      if (application === undefined) return undefined
      const generation = application.generation + 1
      audit.add(event)
      applications.set(id, { ...application, generation })
      return { generation, head: appendNow([{ kind: 'client', applicationId: id, generation, at }]) }
    },
  }
}

function createAuditVerbs({ audit }: Tables): Pick<Database, 'recordAudit' | 'findSessionOwner' | 'readAudit'> {
  return {
    recordAudit: async (event) => audit.add(event),
    findSessionOwner: async (id) => audit.ownerOf(id),
    readAudit: async (after, limit) => audit.read(after, limit),
  }
}

function createMarkVerbs(): Pick<Database, 'readMark' | 'keepMark'> {
  const marks = new Map<string, string>()
  return {
    readMark: async (name) => marks.get(name),
    keepMark: async (name, value) => void marks.set(name, value),
  }
}
