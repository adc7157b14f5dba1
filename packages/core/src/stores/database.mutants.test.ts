import type { ApplicationId } from '@counterfoil/protocol'
import { describe, expect, it } from 'vitest'
import type { StoredKey } from '../tokens/stored-key.ts'
import { databaseCases } from './database.conformance.ts'
import { brokenDatabase, caseNamed, pause, tryCase, type Mutant } from './mutant.fixture.ts'

const applications: readonly Mutant[] = [
  brokenDatabase(
    'a generation that begins anew with a declaration',
    'the generation of an application outlives its being declared anew',
    (database) => {
      const base = new Map<ApplicationId, number>()
      return {
        async declareApplication(settings) {
          const application = await database.declareApplication(settings)
          base.set(settings.id, application.generation)
          return { ...application, generation: 0 }
        },
        async findApplication(id) {
          const application = await database.findApplication(id)
          return application && { ...application, generation: application.generation - (base.get(id) ?? 0) }
        },
      }
    },
  ),
  brokenDatabase(
    'a declaration that merges',
    'an application that is declared anew has the new settings alone',
    (database) => ({
      declareApplication: async (settings) =>
        database.declareApplication({ ...(await database.findApplication(settings.id)), ...settings }),
    }),
  ),
  brokenDatabase(
    'a generation that the settings bring along',
    'a generation that came with the settings is not believed',
    (database) => ({
      declareApplication: async (settings) => ({ ...(await database.declareApplication(settings)), ...settings }),
    }),
  ),
]

function listingKeys(fault: string, breaks: string, change: (keys: StoredKey[]) => StoredKey[]): Mutant {
  return brokenDatabase(fault, breaks, (database) => ({ listKeys: async () => change(await database.listKeys()) }))
}

const keys: readonly Mutant[] = [
  brokenDatabase(
    'an addition that looks and then writes',
    'of nodes that race to add a key exactly one does',
    (database) => ({
      async addKeys(purpose, newest, added, audit) {
        const present = async () => (await database.listKeys()).findLast((key) => key.purpose === purpose)?.id
        if ((await present()) !== newest) return false
        await pause()
        return database.addKeys(purpose, await present(), added, audit)
      },
    }),
  ),
  brokenDatabase(
    'an addition after the newest key of any purpose',
    'the first keys of a purpose need that there are none of it',
    (database) => ({
      async addKeys(purpose, newest, added, audit) {
        const none = (await database.listKeys()).length === 0
        return newest === undefined && !none ? false : database.addKeys(purpose, newest, added, audit)
      },
    }),
  ),
  brokenDatabase(
    'a schedule that the last one writes',
    'a key is scheduled anew if it still was to become active when the caller thought',
    (database) => ({
      async scheduleKey(id, from, activeAt, audit) {
        const key = (await database.listKeys()).find((one) => one.id === id)
        return database.scheduleKey(id, key?.activeAt ?? from, activeAt, audit)
      },
    }),
  ),
  listingKeys(
    'keys in the order in which they came',
    'keys are listed as they were given, by purpose and then by when they become active',
    (listed) => listed.toSorted((one, other) => one.id.localeCompare(other.id)).toReversed(),
  ),
  listingKeys('a sealed key that is cut at its first NUL', 'every byte of a sealed key survives', (listed) =>
    listed.map((key) => ({ ...key, sealed: key.sealed.subarray(0, key.sealed.indexOf(0)) })),
  ),
]

const events: readonly Mutant[] = [
  brokenDatabase(
    'an event that is written though the change failed',
    'a change that was not made writes no event',
    (database) => ({
      async changePassword(id, change, audit) {
        const outcome = await database.changePassword(id, change, audit)
        if (outcome === 'stale') await database.recordAudit(audit)
        return outcome
      },
    }),
  ),
  brokenDatabase(
    'a registration that is noted before it is made',
    'of registrations that race only the one that is made is in the audit log',
    (database) => ({
      async registerAccount(account, audit) {
        const outcome = await database.registerAccount(account, audit)
        if (outcome === 'email-taken') await database.recordAudit(audit)
        return outcome
      },
    }),
  ),
  brokenDatabase('a change that is written twice', 'every change writes its event, once', (database) => ({
    async setRoles(id, roles, audit) {
      await database.recordAudit(audit)
      return database.setRoles(id, roles, audit)
    },
  })),
  brokenDatabase(
    'the latest events first',
    'events are read oldest first, after a number, at most as many as asked for, whatever their instants',
    (database) => ({ readAudit: async (after, limit) => (await database.readAudit(after, limit)).toReversed() }),
  ),
  brokenDatabase(
    'events in the order of their instants',
    'events are read oldest first, after a number, at most as many as asked for, whatever their instants',
    (database) => ({
      readAudit: async (after, limit) =>
        (await database.readAudit(after, limit)).toSorted((one, other) => one.at - other.at),
    }),
  ),
  brokenDatabase(
    'an event that is acknowledged before it is written',
    'an event that was acknowledged stands before one that begins later',
    (database) => ({
      async recordAudit(event) {
        setImmediate(() => void database.recordAudit(event))
      },
    }),
  ),
  brokenDatabase(
    'an owner by an event of any kind',
    'an event of another kind makes nobody the owner of a session',
    (database) => ({
      findSessionOwner: async (id) =>
        (await database.readAudit(0, 1000)).find(({ sessionId }) => sessionId === id)?.accountId,
    }),
  ),
  brokenDatabase(
    'a check that leaves a trace',
    'a database that can be read and written says so, and is none the fuller for it',
    (database) => ({ check: () => database.recordAudit({ at: 0, kind: 'account.changed' }) }),
  ),
]

describe('the suite of the database, about applications, keys and events', () => {
  it.for([...applications, ...keys, ...events])('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, databaseCases), mutant)).toBeDefined()
  })
})
