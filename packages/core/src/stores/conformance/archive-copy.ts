import assert from 'node:assert/strict'
import type { DatabaseArchive, Page, Section, SessionArchive } from '../archive.ts'
import type { ConformanceCase, ConnectedStores } from './case.ts'

/** Stores with both archives. */
export type ArchivedStores = ConnectedStores & {
  readonly archive: DatabaseArchive
  readonly sessionArchive: SessionArchive
}

/** The stores, if they have archives. @throws {TypeError} */
export function requireArchives(stores: ConnectedStores): ArchivedStores {
  const { archive, sessionArchive } = stores
  if (archive === undefined || sessionArchive === undefined) throw new TypeError('this case needs archives')
  return { ...stores, archive, sessionArchive }
}

/** A case of two installations that know nothing of one another. */
export function holdBothTo(
  title: string,
  check: (source: ArchivedStores, target: ArchivedStores) => Promise<void>,
): ConformanceCase {
  return {
    title,
    async run(open) {
      const source = requireArchives(await open())
      const target = requireArchives(await open())
      try {
        await check(source, target)
      } finally {
        await source.close()
        await target.close()
      }
    },
  }
}

/** All rows of a section, in pages of about this many. */
export async function readSection<Row>(section: Section<Row>, limit = 100): Promise<Row[]> {
  const rows: Row[] = []
  let from: string | undefined
  for (let pages = 0; pages < 10_000; pages++) {
    const page: Page<Row> = await section.read(from, limit)
    rows.push(...page.rows)
    if (page.next === undefined) return rows
    from = page.next
  }
  return assert.fail('reading on never comes to an end')
}

/** Copies a section, and asserts that it can be. */
export async function copySection<Row>(from: Section<Row>, to: Section<Row>, limit = 100): Promise<void> {
  let place: string | undefined
  do {
    const page: Page<Row> = await from.read(place, limit)
    assert.equal(await to.write(page.rows), 'written')
    place = page.next
  } while (place !== undefined)
}

/** Copies everything that is in the database. */
export async function copyDatabase({ archive: from }: ArchivedStores, { archive: to }: ArchivedStores): Promise<void> {
  await copySection(from.accounts, to.accounts)
  await copySection(from.erasedAccounts, to.erasedAccounts)
  await copySection(from.applications, to.applications)
  await copySection(from.keys, to.keys)
  await copySection(from.audit, to.audit)
  await copySection(from.revocations, to.revocations)
  await copySection(from.log, to.log)
}

/** Copies everything that is in the session store. */
export async function copySessions(
  { sessionArchive: from }: ArchivedStores,
  { sessionArchive: to }: ArchivedStores,
): Promise<void> {
  await copySection(from.sessions, to.sessions)
  await copySection(from.floors, to.floors)
}
