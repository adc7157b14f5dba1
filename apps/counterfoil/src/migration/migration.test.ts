import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalRow, createMemoryStores, type Section } from '@counterfoil/core'
import type { AccountId } from '@counterfoil/protocol'
import { openSqlite } from '@counterfoil/store-sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readSessionStore } from '../config/stores.ts'
import { CommandFailure } from '../failure.ts'
import type { OpenDatabase } from '../installation/open-database.ts'
import { readPages } from './compare.ts'
import { readMigrationMark, requireWhole } from './mark.ts'
import { countData, migrateData, type MigrationParts } from './migration.ts'
import type { Progress } from './progress.ts'
import { fill, makeSession, NOW } from './sample.fixture.ts'

const KINDS: readonly [string, () => Promise<OpenDatabase>][] = [
  ['memory', async () => ({ ...createMemoryStores(), close: async () => undefined })],
  [
    'SQLite',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'counterfoil-migration-'))
      const stores = await openSqlite({ path: join(folder, 'counterfoil.db') })
      onTestFinished(async () => {
        await stores.close()
        rmSync(folder, { recursive: true, force: true })
      })
      return stores
    },
  ],
]

const QUIET: Progress = { tell: () => undefined, begin: () => undefined, add: () => undefined, end: () => undefined }

/** Time stands still but for whoever measures: each look at the clock is a second later. */
function parts(source: OpenDatabase, target: OpenDatabase, more: Partial<MigrationParts> = {}): MigrationParts {
  let ticks = 0
  return {
    source: { ...source, place: 'old' },
    target: { ...target, place: 'new' },
    scope: { database: true, sessions: true },
    sessionStore: 'database',
    clock: { now: () => NOW, monotonic: () => (ticks += 1000) },
    progress: QUIET,
    signal: new AbortController().signal,
    confirm: async () => undefined,
    pageRows: 2,
    ...more,
  }
}

/** Stops by `stop` when the page of this number has been copied. */
function stopAfter(page: number, stop: () => void): Progress {
  let pages = 0
  return { ...QUIET, add: () => void (++pages === page && stop()) }
}

async function readAll({ archive, sessionArchive }: OpenDatabase): Promise<string[]> {
  const rows: string[] = []
  for (const section of Object.values<Section<unknown>>({ ...archive, ...sessionArchive }))
    for await (const page of readPages(section, 7)) rows.push(...page.map(canonicalRow))
  return rows.toSorted()
}

describe.each(KINDS)('a migration of %s', (_, open) => {
  test('brings everything over, and counts it', async () => {
    const [source, target] = [await open(), await open()]
    await fill(source, 5)
    const counts = await migrateData(parts(source, target))
    expect(await readAll(target)).toEqual(await readAll(source))
    const expected = { accounts: 5, erasedAccounts: 1, applications: 1, keys: 1, audit: 9, revocations: 3 }
    expect(Object.fromEntries(counts)).toEqual({ ...expected, sessions: 5, floors: 1, log: 1 })
    expect(await countData(source, { database: true, sessions: true }, NOW)).toEqual(counts)
    expect(await readMigrationMark(target.database)).toMatchObject({ state: 'done' })
    expect(await readMigrationMark(source.database)).toBeUndefined()
  })

  test('that is stopped after any page goes on to the end when it is repeated', async () => {
    const source = await open()
    await fill(source, 4)
    const expected = await readAll(source)
    for (let page = 1, wasStopped = true; wasStopped; page++) {
      const target = await open()
      const stopping = new AbortController()
      const progress = stopAfter(page, () => stopping.abort(new Error('stopped')))
      const first = await migrateData(parts(source, target, { progress, signal: stopping.signal })).catch(String)
      wasStopped = typeof first === 'string'
      if (!wasStopped) expect(page).toBeGreaterThan(20)
      else {
        expect(first).toBe('Error: stopped')
        const configuration = { database: { kind: 'sqlite', path: 'new' }, sessionStore: { kind: 'database' } } as const
        await expect(requireWhole(target.database, configuration)).rejects.toThrow('copied only in part')
        await migrateData(parts(source, target))
        await requireWhole(target.database, configuration)
      }
      expect(await readAll(target)).toEqual(expected)
    }
  })

  test('that dies after any page, before it could note where it was, goes on to the end when it is repeated', async () => {
    const source = await open()
    await fill(source, 4)
    const expected = await readAll(source)
    for (let page = 1, died = true; died; page++) {
      const target = await open()
      const progress = stopAfter(page, () => {
        throw new Error('died')
      })
      died = typeof (await migrateData(parts(source, target, { progress })).catch(String)) === 'string'
      if (died) await migrateData(parts(source, target))
      expect(await readAll(target)).toEqual(expected)
    }
  })

  test('leaves out sessions that have expired', async () => {
    const [source, target] = [await open(), await open()]
    const [first] = await fill(source, 2)
    await source.sessions.start(makeSession('old' as AccountId, NOW - 86_400_000))
    const counts = await migrateData(parts(source, target))
    expect(counts.get('sessions')).toBe(2)
    expect(await target.sessions.find(first?.id ?? makeSession('' as AccountId).id, NOW)).toBeDefined()
  })

  test('is refused where there is data already, which stays as it is', async () => {
    const [source, target] = [await open(), await open()]
    await fill(source, 2)
    await fill(target, 2)
    const before = await readAll(target)
    await expect(migrateData(parts(source, target))).rejects.toThrow('new is not empty (accounts)')
    expect(await readAll(target)).toEqual(before)
    expect(await readMigrationMark(target.database)).toBeUndefined()
  })

  test('is refused where sessions alone are left, or the log alone', async () => {
    const source = await open()
    await fill(source, 2)
    const [withSession, withLog] = [await open(), await open()]
    await withSession.sessions.start(makeSession('a' as AccountId))
    await withLog.log.append([{ kind: 'changed', subject: 'a' as AccountId, at: NOW }])
    await withLog.log.compact(NOW + 1)
    await expect(migrateData(parts(source, withSession))).rejects.toThrow('new is not empty (sessions)')
    await expect(migrateData(parts(source, withLog))).rejects.toThrow('new is not empty (ends of the log)')
  })

  test('is refused where other data has been copied in part', async () => {
    const [source, other, target] = [await open(), await open(), await open()]
    await fill(source, 2)
    await fill(other, 2)
    const stopping = new AbortController()
    const progress = stopAfter(1, () => stopping.abort(new Error('stopped')))
    await expect(migrateData(parts(source, target, { progress, signal: stopping.signal }))).rejects.toThrow('stopped')
    await expect(migrateData(parts(other, target))).rejects.toThrow('new holds a part of other data')
  })

  test('is not done twice', async () => {
    const [source, target] = [await open(), await open()]
    await fill(source, 2)
    await migrateData(parts(source, target))
    await expect(migrateData(parts(source, target))).rejects.toThrow('this was done at 2026-01-01T09:41:07Z')
  })

  test.each(['changed', 'ended'] as const)(
    'of which a session was %s in between is not done, and names the row',
    async (what) => {
      const [source, target] = [await open(), await open()]
      const [session] = await fill(source, 4)
      if (session === undefined) throw new TypeError('there is a session')
      const progress: Progress = {
        ...QUIET,
        begin: (phase) => {
          if (phase === 'comparing') throw new Error('stopped')
        },
      }
      await expect(migrateData(parts(source, target, { progress }))).rejects.toThrow('stopped')
      if (what === 'changed') await source.sessions.touch(session.id, NOW + 1, NOW + 2)
      if (what === 'ended') await source.sessions.end(session.id)
      const outcome = await migrateData(parts(source, target)).catch((error: unknown) => error)
      expect(outcome).toBeInstanceOf(CommandFailure)
      expect(String(outcome)).toContain(`sessions: ${session.id} is not the same on both sides`)
      expect(await readMigrationMark(target.database)).toMatchObject({ state: 'copying' })
    },
  )

  test('during which a server turns out to run is not done', async () => {
    const [source, target] = [await open(), await open()]
    await fill(source, 2)
    const confirm = () => Promise.reject(new CommandFailure('a server is running'))
    await expect(migrateData(parts(source, target, { confirm }))).rejects.toThrow('a server is running')
    expect(await readMigrationMark(target.database)).toMatchObject({ state: 'copying' })
  })
})

describe('a migration of sessions alone', () => {
  const scope = { database: false, sessions: true }
  const old = { database: { kind: 'sqlite', path: 'data' }, sessionStore: { kind: 'database' } } as const
  const next = { database: old.database, sessionStore: readSessionStore('redis://localhost:6379', 'session_store') }

  test('leaves the database to the old session store until it is done, and to the new one from then on', async () => {
    const [source, other] = [createMemoryStores(), createMemoryStores()]
    const from: OpenDatabase = { ...source, close: async () => undefined }
    const to = { ...from, sessions: other.sessions, sessionArchive: other.sessionArchive }
    const [session] = await fill(from, 3)
    const sessionStore = 'redis://localhost:6379'
    const stopping = new AbortController()
    const progress = stopAfter(1, () => stopping.abort(new Error('stopped')))
    const first = parts(from, to, { scope, sessionStore, progress, signal: stopping.signal })
    await expect(migrateData(first)).rejects.toThrow('stopped')
    await requireWhole(source.database, old)
    await expect(requireWhole(source.database, next)).rejects.toThrow('copied only in part')
    const counts = await migrateData(parts(from, to, { scope, sessionStore }))
    expect([...counts.keys()]).toEqual(['sessions', 'floors'])
    await requireWhole(source.database, next)
    await expect(requireWhole(source.database, old)).rejects.toThrow('were moved to redis://localhost:6379')
    expect(await other.sessions.find(session?.id ?? makeSession('' as AccountId).id, NOW)).toBeDefined()
  })
})
