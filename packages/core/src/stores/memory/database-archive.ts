import type { AccountId, ApplicationId, KeyId } from '@counterfoil/protocol'
import { ARCHIVE_KEYS, archivedKey, storedKey, type DatabaseArchive } from '../archive.ts'
import { createMemorySection } from './archive-section.ts'
import type { LogArchive } from './log-archive.ts'
import type { Tables } from './tables.ts'

/** Everything in a database in memory, and in its log. */
export function createMemoryDatabaseArchive(tables: Omit<Tables, 'appendNow'>, log: LogArchive): DatabaseArchive {
  return { ...createAccountSections(tables), ...createOtherSections(tables), ...log }
}

function createAccountSections({
  accounts,
}: Pick<Tables, 'accounts'>): Pick<DatabaseArchive, 'accounts' | 'erasedAccounts'> {
  return {
    accounts: createMemorySection({
      keyOf: ARCHIVE_KEYS.accounts,
      list: () => accounts.ids().flatMap((id) => accounts.get(id) ?? []),
      get: (key) => accounts.get(key as AccountId),
      accepts: ({ id, email }) => !accounts.has(id) && accounts.ownerOf(email) === undefined,
      add: (account) => accounts.put(account),
    }),
    erasedAccounts: createMemorySection({
      keyOf: ARCHIVE_KEYS.erasedAccounts,
      list: () => accounts.erasedIds().map((id) => ({ id })),
      get: (key) => (accounts.isErased(key as AccountId) ? { id: key as AccountId } : undefined),
      accepts: ({ id }) => !accounts.has(id),
      add: ({ id }) => accounts.addErased(id),
    }),
  }
}

function createOtherSections({
  applications,
  keys,
  audit,
}: Pick<Tables, 'applications' | 'keys' | 'audit'>): Pick<DatabaseArchive, 'applications' | 'keys' | 'audit'> {
  return {
    applications: createMemorySection({
      keyOf: ARCHIVE_KEYS.applications,
      list: () => [...applications.values()],
      get: (key) => applications.get(key as ApplicationId),
      add: (application) => void applications.set(application.id, application),
    }),
    keys: createMemorySection({
      keyOf: ARCHIVE_KEYS.keys,
      list: () => [...keys.values()].map(archivedKey),
      get(key) {
        const held = keys.get(key as KeyId)
        return held && archivedKey(held)
      },
      add: (key) => void keys.set(key.id, storedKey(key)),
    }),
    audit: createMemorySection({
      keyOf: ARCHIVE_KEYS.audit,
      list: () => audit.read(0, Infinity),
      get: (key) => audit.at(Number(key)),
      accepts: ({ number }) => number > audit.last(),
      add: ({ number, ...event }) => audit.add(event, number),
    }),
  }
}
