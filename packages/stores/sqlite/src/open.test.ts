import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { SessionId } from '@counterfoil/protocol'
import { migrate } from './migrate.ts'
import { SqliteOpenError } from './open-error.ts'
import { openSqlite } from './open.ts'
import { NOW, sampleSession } from './sample.fixture.ts'
import { MIGRATIONS } from './schema.ts'
import { makeFolder, newPath, openStores } from './scratch.fixture.ts'

async function refusalOf(path: string): Promise<SqliteOpenError> {
  const error: unknown = await openSqlite({ path, lockTimeoutMs: 50 }).then(
    () => undefined,
    (refused: unknown) => refused,
  )
  if (!(error instanceof SqliteOpenError)) throw new Error(`opened, or threw something else: ${String(error)}`)
  expect(error.message).toContain(path)
  expect(error.message).not.toContain('\n')
  return error
}

function edit(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

/** A closed file with some hundred sessions. */
async function filledFile(): Promise<string> {
  const path = newPath()
  const { sessions, close } = await openSqlite({ path })
  await Promise.all(Array.from({ length: 300 }, () => sessions.start(sampleSession())))
  await close()
  return path
}

describe('a file', () => {
  it('is made when there is none, for its owner alone', async () => {
    const path = newPath()
    await openStores({ path })
    for (const each of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(each).mode & 0o777).toBe(0o600)
  })

  it('that others could read is theirs no more once it was opened', async () => {
    const path = await filledFile()
    chmodSync(path, 0o644)
    await openStores({ path })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is in WAL mode, and says what it is', async () => {
    const path = await filledFile()
    const db = new DatabaseSync(path)
    onTestFinished(() => db.close())
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    expect(db.prepare('PRAGMA application_id').get()).toEqual({ application_id: 0x43466f69 })
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: MIGRATIONS.length })
    expect(
      db
        .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'`)
        .all(),
    ).toEqual([])
  })

  it('gives back what it held when it is opened again', async () => {
    const path = newPath()
    const first = await openSqlite({ path })
    const session = sampleSession()
    await first.sessions.start(session)
    await first.close()
    const { sessions } = await openStores({ path })
    expect(await sessions.find(session.id, NOW)).toEqual(session)
  })

  it('may be opened by many at once when there is none yet', async () => {
    const path = newPath()
    const all = await Promise.all(Array.from({ length: 6 }, () => openStores({ path })))
    const heads = await Promise.all(all.map(({ log }) => log.head()))
    expect(new Set(heads.map(({ incarnation }) => incarnation)).size).toBe(1)
  })
})

describe('a migration', () => {
  it('takes the steps that a file has not taken yet, each once', () => {
    const path = newPath()
    const db = new DatabaseSync(path)
    onTestFinished(() => db.close())
    migrate(db, path, 50, ['CREATE TABLE one (a INTEGER) STRICT'])
    migrate(db, path, 50, ['not taken again', 'CREATE TABLE two (a INTEGER) STRICT; INSERT INTO two VALUES (1)'])
    expect(db.prepare('SELECT a FROM two').all()).toEqual([{ a: 1 }])
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 })
  })

  it('brings a file of the first schema to the present one, with all that it holds', async () => {
    const path = newPath()
    const db = new DatabaseSync(path)
    migrate(db, path, 50, MIGRATIONS.slice(0, 1))
    db.exec(
      `UPDATE installation SET incarnation = 'first', head = 1; INSERT INTO revocations VALUES (1, 'session', 'gone', NULL, NULL, 5)`,
    )
    const old = "'old', 'ada', 'shop', 'hybrid', 3, 0, 5, NULL, NULL, 0, 0, 5, 5, NULL, NULL, 5, 50, 60, 'phone', 50"
    db.exec(`INSERT INTO sessions VALUES (${old})`)
    db.close()
    const { database, log, nodes, sessions, spentProofs } = await openStores({ path })
    const kept = await sessions.find('old' as SessionId, 6)
    expect([kept?.generation, kept?.deviceLabel, kept?.keyThumbprint]).toEqual([3, 'phone', undefined])
    expect(await log.holdsSession('gone' as SessionId)).toBe(true)
    expect(await log.head()).toMatchObject({ position: 1 })
    expect(await nodes.read()).toEqual([])
    await database.keepMark('redis', 'kept')
    expect(await database.readMark('redis')).toBe('kept')
    expect(await spentProofs.spend('proof', 60, 6)).toBe(true)
  })

  it('brings a file whose proofs were counted with attempts to the present schema, bound sessions and all', async () => {
    const path = newPath()
    const db = new DatabaseSync(path)
    migrate(db, path, 50, MIGRATIONS.slice(0, 3))
    const old =
      "'old', 'ada', 'shop', 'hybrid', 3, 0, 5, NULL, NULL, 0, 0, 5, 5, NULL, NULL, 5, 50, 60, 'phone', 50, 'key'"
    db.exec(`INSERT INTO sessions VALUES (${old}); INSERT INTO attempts VALUES ('sign-in pair', 'ada', 3, 60)`)
    db.close()
    const { counters, sessions, spentProofs } = await openStores({ path })
    expect(await sessions.find('old' as SessionId, 6)).toMatchObject({ keyThumbprint: 'key' })
    const rule = { name: 'sign-in pair', attempts: 3, windowMs: 60 }
    expect(await counters.take(rule, 'ada', 6)).toEqual({ taken: false, retryAfterMs: 54 })
    expect([await spentProofs.spend('proof', 60, 6), await spentProofs.spend('proof', 60, 6)]).toEqual([true, false])
  })

  it('that fails half-way leaves the file as it was', () => {
    const path = newPath()
    const db = new DatabaseSync(path)
    onTestFinished(() => db.close())
    migrate(db, path, 50, ['CREATE TABLE one (a INTEGER) STRICT'])
    expect(() => migrate(db, path, 50, ['', 'CREATE TABLE two (a INTEGER) STRICT; DROP TABLE three'])).toThrow(
      'no such table',
    )
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
    expect(db.prepare(`SELECT name FROM sqlite_schema`).all()).toEqual([{ name: 'one' }])
  })
})

describe('opening is refused in one line', () => {
  it('to a program that is older than the file', async () => {
    const path = await filledFile()
    edit(path, `PRAGMA user_version = ${MIGRATIONS.length + 1}`)
    const { reason, message } = await refusalOf(path)
    expect(reason).toBe('newer')
    expect(message).toContain(`schema ${MIGRATIONS.length + 1}`)
  })

  it('where the file is another program’s, which it leaves untouched', async () => {
    const path = newPath()
    edit(path, 'CREATE TABLE songs (title TEXT)')
    const before = readFileSync(path)
    expect((await refusalOf(path)).reason).toBe('foreign')
    edit(path, 'PRAGMA application_id = 77')
    expect((await refusalOf(path)).reason).toBe('foreign')
    edit(path, 'PRAGMA application_id = 0')
    expect(readFileSync(path).subarray(100)).toEqual(before.subarray(100))
    expect(readFileSync(path).subarray(18, 20)).toEqual(before.subarray(18, 20))
  })

  it('where the file is no SQLite file', async () => {
    const path = newPath()
    writeFileSync(path, 'accounts:\n  - ada\n'.repeat(100))
    expect((await refusalOf(path)).reason).toBe('damaged')
  })

  it('where the file was cut short', async () => {
    const path = await filledFile()
    truncateSync(path, Math.floor(statSync(path).size / 2))
    expect((await refusalOf(path)).reason).toBe('damaged')
  })

  it('where a page of the file was overwritten', async () => {
    const path = await filledFile()
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0xa5, 4096 * 20, 4096 * 22))
    expect((await refusalOf(path)).reason).toBe('damaged')
  })

  it('where the file was removed, but not the log beside it', async () => {
    const path = newPath()
    const { sessions } = await openStores({ path })
    await sessions.start(sampleSession())
    rmSync(path)
    expect((await refusalOf(path)).reason).toBe('damaged')
    expect(existsSync(path)).toBe(false)
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
  })

  it('where the folder is not there', async () => {
    const { reason, message } = await refusalOf(join(makeFolder(), 'missing', 'counterfoil.db'))
    expect(reason).toBe('unwritable')
    expect(message).toContain('folder')
  })

  it('where the folder is no folder, or the file is none', async () => {
    const path = newPath()
    writeFileSync(path, '')
    expect((await refusalOf(join(path, 'counterfoil.db'))).reason).toBe('unwritable')
    rmSync(path)
    mkdirSync(path)
    expect((await refusalOf(path)).reason).toBe('unwritable')
  })

  it('where another program holds the file for itself', async () => {
    const path = await filledFile()
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    expect((await refusalOf(path)).reason).toBe('locked')
  })

  it('to options that make no sense, as the programmer’s mistake', async () => {
    await expect(openSqlite({ path: newPath(), maxWaitingWrites: 0 })).rejects.toThrow(TypeError)
    await expect(openSqlite({ path: newPath(), lockTimeoutMs: 1.5 })).rejects.toThrow(TypeError)
  })
})

describe('the log’s incarnation', () => {
  async function incarnationOf(path: string): Promise<string> {
    const { log, close } = await openSqlite({ path })
    const { incarnation } = await log.head()
    await close()
    return incarnation
  }

  it('stays when the file is opened again', async () => {
    const path = newPath()
    expect(await incarnationOf(path)).toBe(await incarnationOf(path))
  })

  it('is another one in another file', async () => {
    expect(await incarnationOf(newPath())).not.toBe(await incarnationOf(newPath()))
  })

  it('is another one after a restore, once', async () => {
    const path = newPath()
    const before = await incarnationOf(path)
    copyFileSync(path, `${path}.backup`)
    rmSync(path)
    renameSync(`${path}.backup`, path)
    const after = await incarnationOf(path)
    expect(after).not.toBe(before)
    expect(await incarnationOf(path)).toBe(after)
  })
})
