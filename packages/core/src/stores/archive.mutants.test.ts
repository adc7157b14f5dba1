import { describe, expect, it } from 'vitest'
import { databaseArchiveCases, sessionArchiveCases } from './archive.conformance.ts'
import { canonicalRow, type DatabaseArchive, type Section, type SessionArchive } from './archive.ts'
import { createMemoryStores } from './memory/stores.ts'
import { caseNamed, tryCase, type Mutant } from './mutant.fixture.ts'

/** A section that writes rows another way. */
function writing<Row>(sound: Section<Row>, change: (row: Row) => Row): Section<Row> {
  return { ...sound, write: (rows) => sound.write(rows.map(change)) }
}

/** A section of which rows are read another way. */
function reading<Row>(sound: Section<Row>, change: (row: Row) => Row): Section<Row> {
  return {
    ...sound,
    read: async (from, limit) => {
      const page = await sound.read(from, limit)
      return { ...page, rows: page.rows.map(change) }
    },
  }
}

function brokenArchive(
  fault: string,
  breaks: string,
  mutate: (sound: DatabaseArchive) => Partial<DatabaseArchive>,
): Mutant {
  return { fault, breaks, mutate: ({ archive }) => ({ archive: { ...archive, ...mutate(archive) } }) }
}

function brokenSessionArchive(
  fault: string,
  breaks: string,
  mutate: (sound: SessionArchive) => Partial<SessionArchive>,
): Mutant {
  const broken = (sound: SessionArchive): SessionArchive => ({ ...sound, ...mutate(sound) })
  return { fault, breaks, mutate: ({ sessionArchive }) => ({ sessionArchive: broken(sessionArchive) }) }
}

const onceWritten = (name: string): string =>
  `${name} are read in pages and written once, and none is put in the place of one that differs`

const SAME_ACCOUNT = 'accounts that were copied are the same in every member'
const SAME_LOG = 'whoever followed a log goes on in its copy as if nothing had happened'
const SAME_SESSION = 'sessions that were copied are the same in every member, and go on'

const databaseMutants: readonly Mutant[] = [
  brokenArchive('a copy that forgets which session was spared', SAME_ACCOUNT, ({ accounts }) => ({
    accounts: reading(accounts, (account) => ({ ...account, kept: undefined })),
  })),
  brokenArchive('a copy that enables every account', SAME_ACCOUNT, ({ accounts }) => ({
    accounts: writing(accounts, (account) => ({ ...account, disabled: false })),
  })),
  brokenArchive('a copy of emails as they compare', SAME_ACCOUNT, ({ accounts }) => ({
    accounts: writing(accounts, (account) => ({ ...account, email: account.email.toLowerCase() })),
  })),
  brokenArchive(
    'a copy without those that were erased',
    'the id of an account that was erased is not given out where it was copied to either',
    ({ erasedAccounts }) => ({ erasedAccounts: { ...erasedAccounts, write: async () => 'written' } }),
  ),
  brokenArchive(
    'a copy in which applications begin anew',
    'applications that were copied have their settings and generation',
    ({ applications }) => ({ applications: writing(applications, (row) => ({ ...row, generation: 0 })) }),
  ),
  brokenArchive(
    'a copy of keys without their numbers',
    'keys that were copied are the same to the byte, and go on from the newest',
    ({ keys }) => ({ keys: writing(keys, (key) => ({ ...key, number: 0 })) }),
  ),
  brokenArchive(
    'a copy of keys that loses a byte',
    'keys that were copied are the same to the byte, and go on from the newest',
    ({ keys }) => ({ keys: reading(keys, (key) => ({ ...key, sealed: key.sealed.slice(4) })) }),
  ),
  brokenArchive(
    'a copy in which the audit log is numbered anew',
    'the audit log that was copied has its numbers, and goes on after them',
    ({ audit }) => ({ audit: writing(audit, (event) => ({ ...event, number: event.number + 1 })) }),
  ),
  brokenArchive('a log that stays what it was', SAME_LOG, ({ log }) => ({
    log: { ...log, write: async () => 'written' },
  })),
  brokenArchive('a log that has the records, and an incarnation of its own', SAME_LOG, ({ log }) => ({
    log: writing(log, (ends) => ({ ...ends, incarnation: 'other' })),
  })),
  brokenArchive('a log that spares nobody', SAME_LOG, ({ revocations }) => ({
    revocations: writing(revocations, (record) =>
      record.kind === 'account' ? { ...record, keep: undefined } : record,
    ),
  })),
  brokenArchive('a log that ends no session', 'a log that was copied knows which sessions it has ended', (sound) => ({
    revocations: writing(sound.revocations, ({ position, at }) => ({
      position,
      at,
      kind: 'changed',
      subject: 'nobody' as never,
    })),
  })),
  brokenArchive('a log that says nothing was removed', 'what was compacted is compacted in the copy', ({ log }) => ({
    log: writing(log, (ends) => ({ ...ends, compacted: 0 })),
  })),
  brokenArchive(
    'a log that begins anew when it is empty',
    'a log of which nothing is left is copied with its end',
    ({ log }) => ({
      log: writing(log, (ends) => ({ ...ends, compacted: ends.compacted - 1, position: ends.position - 1 })),
    }),
  ),
  {
    fault: 'a log that becomes another as soon as records come',
    breaks: 'the ends of a log are its own until all records are there',
    mutate: ({ archive }) => ({
      archive: {
        ...archive,
        revocations: {
          ...archive.revocations,
          async write(rows) {
            const answer = await archive.revocations.write(rows)
            await archive.log.write([{ incarnation: 'other', position: rows.length, compacted: 0 }])
            return answer
          },
        },
      },
    }),
  },
  brokenArchive(
    'a log that takes up whatever comes',
    'a log in which something has happened becomes no other',
    ({ log }) => ({
      log: { ...log, write: async () => 'written' },
    }),
  ),
  brokenArchive('a page that is short by one row', onceWritten('accounts'), ({ accounts }) => ({
    accounts: {
      ...accounts,
      async read(from, limit) {
        const page = await accounts.read(from, limit)
        return page.next === undefined || limit === 1 ? page : { ...page, rows: page.rows.slice(1) }
      },
    },
  })),
  brokenArchive('finding whatever is there', onceWritten('keys'), ({ keys }) => ({
    keys: { ...keys, find: async () => [...(await keys.read(undefined, 100)).rows] },
  })),
  brokenArchive('passing over rows that differ', onceWritten('applications'), ({ applications }) => ({
    applications: {
      ...applications,
      async write(rows) {
        for (const row of rows) await applications.write([row])
        return 'written'
      },
    },
  })),
  brokenArchive('rows before the one that differs', onceWritten('audit'), ({ audit }) => ({
    audit: {
      ...audit,
      async write(rows) {
        for (const row of rows) {
          const outcome = await audit.write([row])
          if (outcome !== 'written') return outcome
        }
        return 'written'
      },
    },
  })),
  brokenArchive('refusing a row that is there already', onceWritten('revocations'), ({ revocations }) => ({
    revocations: {
      ...revocations,
      async write(rows) {
        const [there] = await revocations.find(rows.map(({ position }) => String(position)))
        return there === undefined ? revocations.write(rows) : { differs: String(there.position) }
      },
    },
  })),
  brokenArchive('an email for two', 'an account whose email another one has is not taken up', ({ accounts }) => ({
    accounts: {
      ...accounts,
      async write(rows) {
        await accounts.write(rows)
        return 'written'
      },
    },
  })),
  brokenArchive(
    'an archive that tells of no log',
    'an archive of what is empty is empty, but for the ends of its log',
    ({ log }) => ({
      log: { ...log, read: async () => ({ rows: [], next: undefined }) },
    }),
  ),
  brokenArchive(
    'rows that are shared with whoever read them',
    'changing a row after it was read or written changes nothing in the database',
    ({ accounts }) => {
      const seen = new Map<string, Awaited<ReturnType<typeof accounts.find>>[number]>()
      const share = (rows: Awaited<ReturnType<typeof accounts.find>>) =>
        rows.map((row) => seen.get(row.id) ?? (seen.set(row.id, row), row))
      return {
        accounts: {
          ...accounts,
          find: async (keys) => share(await accounts.find(keys)),
          async read(from, limit) {
            const page = await accounts.read(from, limit)
            return { ...page, rows: share([...page.rows]) }
          },
        },
      }
    },
  ),
  {
    fault: 'a copy that is gone after a restart',
    breaks: 'what was copied is there after a restart, with the log it has become',
    mutate: () => ({}),
    restart: () => createMemoryStores(),
  },
]

const sessionMutants: readonly Mutant[] = [
  brokenSessionArchive('a copy that forgets which key a session is bound to', SAME_SESSION, ({ sessions }) => ({
    sessions: writing(sessions, (session) => ({ ...session, keyThumbprint: undefined })),
  })),
  brokenSessionArchive('a copy in which tokens begin anew', SAME_SESSION, ({ sessions }) => ({
    sessions: writing(sessions, (session) => ({ ...session, generation: 0 })),
  })),
  brokenSessionArchive('a copy without device labels', SAME_SESSION, ({ sessions }) => ({
    sessions: writing(sessions, (session) => ({ ...session, deviceLabel: undefined })),
  })),
  brokenSessionArchive(
    'attributes that begin anew',
    'the attributes of a session that was copied have their version, and go on from it',
    ({ sessions }) => ({
      sessions: reading(sessions, ({ attributes, ...session }) =>
        attributes === undefined ? session : { ...session, attributes: { ...attributes, version: 1 } },
      ),
    }),
  ),
  brokenSessionArchive(
    'sessions that nobody can list',
    'the sessions of an account that were copied are listed, and end together',
    ({ sessions }) => ({
      sessions: writing(sessions, (session) => ({ ...session, accountId: 'nobody' as never })),
    }),
  ),
  brokenSessionArchive(
    'a copy without floors',
    'what an end of all has kept from starting does not start in the copy either',
    ({ floors }) => ({ floors: { ...floors, write: async () => 'written' } }),
  ),
  {
    fault: 'a copy by which sessions start',
    breaks: 'floors may come before sessions',
    mutate: ({ sessions, sessionArchive }) => ({
      sessionArchive: {
        ...sessionArchive,
        sessions: {
          ...sessionArchive.sessions,
          async write(rows) {
            for (const row of rows) await sessions.start(row)
            return 'written'
          },
        },
      },
    }),
  },
  {
    fault: 'copies that are never swept',
    breaks: 'a session that was copied expires, and is swept',
    mutate: ({ sessions }) => ({ sessions: { ...sessions, sweep: async () => 0 } }),
  },
  brokenSessionArchive('passing over sessions that differ', onceWritten('sessions'), ({ sessions }) => ({
    sessions: {
      ...sessions,
      async write(rows) {
        for (const row of rows) await sessions.write([row])
        return 'written'
      },
    },
  })),
  brokenSessionArchive('sessions that differ in their attributes alone', onceWritten('sessions'), ({ sessions }) => ({
    sessions: {
      ...sessions,
      async write(rows) {
        const there = await sessions.find(rows.map(({ id }) => id))
        const bare = (session: (typeof rows)[number]): string => canonicalRow({ ...session, attributes: undefined })
        const known = new Set(there.map(bare))
        return sessions.write(rows.filter((row) => !known.has(bare(row))))
      },
    },
  })),
  brokenSessionArchive('floors that only rise', onceWritten('floors'), ({ floors }) => ({
    floors: {
      ...floors,
      async write(rows) {
        for (const row of rows) await floors.write([row])
        return 'written'
      },
    },
  })),
  brokenSessionArchive(
    'an archive that is never empty',
    'an archive of an empty session store is empty',
    ({ floors }) => ({
      floors: {
        ...floors,
        read: async () => ({ rows: [{ accountId: 'nobody' as never, below: 0 }], next: undefined }),
      },
    }),
  ),
  {
    fault: 'sessions that are gone after a restart',
    breaks: 'sessions that were copied are there after a restart',
    mutate: () => ({}),
    restart: () => createMemoryStores(),
  },
]

describe('the suite of archives', () => {
  it.for(databaseMutants)('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, databaseArchiveCases), mutant)).toBeDefined()
  })

  it.for(sessionMutants)('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, sessionArchiveCases), mutant)).toBeDefined()
  })
})
