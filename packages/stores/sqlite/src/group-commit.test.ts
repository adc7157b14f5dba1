import { rmSync, renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StoreUnavailable } from '@counterfoil/core'
import type { Session } from '@counterfoil/core'
import { openSqlite } from './open.ts'
import type { SqliteStores } from './open.ts'
import { NOW, sampleAccount, sampleEvent, sampleSession } from './sample.fixture.ts'
import { MIGRATIONS } from './schema.ts'
import { fillUp, newPath, openStores } from './scratch.fixture.ts'

function startMany({ sessions }: SqliteStores, many: readonly Session[]) {
  return Promise.allSettled(many.map((session) => sessions.start(session)))
}

function samples(count: number): Session[] {
  return Array.from({ length: count }, () => sampleSession())
}

/** Resolves when all writes that were made have been passed to the writing thread. */
async function sent(): Promise<void> {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}

/** Keeps everybody from writing until it is let go. */
function holdLock(path: string): () => void {
  const db = new DatabaseSync(path)
  db.exec('BEGIN IMMEDIATE')
  const letGo = () => {
    if (db.isOpen) db.close()
  }
  onTestFinished(letGo)
  return letGo
}

describe('writes', () => {
  it('that are made at once share commits', async () => {
    const stores = await openStores()
    await startMany(stores, samples(320))
    const { committed, commits } = stores.counts()
    expect(committed).toBe(320)
    expect(commits).toBeLessThanOrEqual(20)
  })

  it('that are made one after the other are committed one by one', async () => {
    const stores = await openStores()
    for (const session of samples(5)) await stores.sessions.start(session)
    expect(stores.counts()).toMatchObject({ committed: 5, commits: 5, waiting: 0, failed: 0 })
  })

  it('that came in while a commit was held up go into the next one together', async () => {
    const path = newPath()
    const stores = await openStores({ path })
    const letGo = holdLock(path)
    const first = stores.sessions.start(sampleSession())
    await sent()
    const others = startMany(stores, samples(100))
    await sent()
    letGo()
    await Promise.all([first, others])
    expect(stores.counts()).toMatchObject({ committed: 101 })
    expect(stores.counts().commits).toBeLessThanOrEqual(2)
  })

  it('are read back by whoever was told that they are done', async () => {
    const stores = await openStores()
    const sessions = samples(50)
    const found = await Promise.all(
      sessions.map(async (session) => {
        await stores.sessions.start(session)
        return stores.sessions.find(session.id, NOW)
      }),
    )
    expect(found).toEqual(sessions)
  })

  it('that cannot be made fail alone', async () => {
    const stores = await openStores()
    const bad = sampleSession({ generation: 1.5 })
    const good = samples(6)
    const outcomes = await startMany(stores, [...good.slice(0, 3), bad, ...good.slice(3)])
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array(3).fill('fulfilled'),
      'rejected',
      ...Array(3).fill('fulfilled'),
    ])
    expect(outcomes[3]).toMatchObject({ reason: { name: 'StoreUnavailable', cause: { errcode: 19 } } })
    for (const session of good) expect(await stores.sessions.find(session.id, NOW)).toEqual(session)
    expect(stores.counts()).toMatchObject({ committed: 6, failed: 1 })
  })

  it('that fail half-way leave nothing behind', async () => {
    const { database } = await openStores()
    const account = sampleAccount()
    const event = sampleEvent(account.id)
    await expect(database.registerAccount(account, { ...event, at: 1.5 })).rejects.toThrow(StoreUnavailable)
    expect(await database.findAccount(account.id)).toBeUndefined()
    expect(await database.registerAccount(account, event)).toBe('registered')
  })

  it('of something that does not pass between threads fail alone', async () => {
    const stores = await openStores()
    const account = { ...sampleAccount(), roles: [(() => 'role') as never] }
    const [refused, ...started] = await Promise.allSettled([
      stores.database.registerAccount(account, sampleEvent(account.id)),
      ...samples(3).map((session) => stores.sessions.start(session)),
    ])
    expect(refused).toMatchObject({ status: 'rejected', reason: { name: 'StoreUnavailable' } })
    expect(started.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'))
  })

  it('past the bound are turned away, and counted', async () => {
    const stores = await openStores({ maxWaitingWrites: 10 })
    const outcomes = await startMany(stores, samples(30))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(20)
    for (const each of refused) expect(each).toMatchObject({ reason: { name: 'StoreUnavailable' } })
    expect(stores.counts()).toMatchObject({ committed: 10, refused: 20 })
    expect(await stores.sessions.start(sampleSession())).toBe('started')
  })

  it('are rejected while another process will not let go of the file, and made again afterwards', async () => {
    const path = newPath()
    const stores = await openStores({ path, lockTimeoutMs: 50 })
    const letGo = holdLock(path)
    const session = sampleSession()
    await expect(stores.sessions.start(session)).rejects.toThrow(StoreUnavailable)
    expect(await stores.sessions.find(session.id, NOW)).toBeUndefined()
    letGo()
    expect(await stores.sessions.start(session)).toBe('started')
  })
})

describe('a full file', () => {
  it('rejects what does not fit, keeps what was acknowledged, and takes more when there is room', async () => {
    const path = newPath()
    const stores = await openStores({ path, maxFileBytes: 400 * 1024 })
    const started = await fillUp(stores)
    expect(started.length).toBeGreaterThan(100)
    for (const session of started) expect(await stores.sessions.find(session.id, NOW)).toEqual(session)

    const [ended, kept] = [started.slice(0, 100), started.slice(100)]
    await Promise.all(ended.map(({ id }) => stores.sessions.end(id)))
    expect(await stores.sessions.start(sampleSession())).toBe('started')
    expect(stores.counts().restarts).toBe(0)
    for (const session of kept) expect(await stores.sessions.find(session.id, NOW)).toEqual(session)
  })
})

describe('a transaction that found no room', () => {
  it('leaves nothing behind: no half of anything', async () => {
    const { database } = await openStores({ maxFileBytes: 400 * 1024 })
    const many = Array.from({ length: 2000 }, () => sampleAccount())
    const outcomes = await Promise.allSettled(
      many.map((account) => database.registerAccount(account, sampleEvent(account.id))),
    )
    const registered = many.filter((_, index) => outcomes[index]?.status === 'fulfilled').map(({ id }) => id)
    expect(registered.length).toBeGreaterThan(0)
    expect(registered.length).toBeLessThan(2000)
    const accounts = await database.listAccounts(undefined, 10_000)
    const events = await database.readAudit(0, 10_000)
    expect(accounts.map(({ id }) => id)).toEqual(registered.toSorted())
    expect(events.map(({ accountId }) => accountId)).toEqual(registered)
  })
})

describe('the writing thread', () => {
  it('that dies rejects what it had not confirmed, and another takes its place', async () => {
    const path = newPath()
    let thread: { terminate(): Promise<number> } | undefined
    process.once('worker', (worker) => (thread = worker))
    const stores = await openStores({ path })
    const before = sampleSession()
    await stores.sessions.start(before)

    const letGo = holdLock(path)
    const lost = startMany(stores, samples(40))
    await thread?.terminate()
    for (const outcome of await lost) expect(outcome).toMatchObject({ reason: { name: 'StoreUnavailable' } })
    letGo()

    expect(await stores.sessions.start(sampleSession())).toBe('started')
    expect(await stores.sessions.find(before.id, NOW)).toEqual(before)
    expect(stores.counts()).toMatchObject({ committed: 2, failed: 40, restarts: 1, waiting: 0 })
  })

  it('acknowledges nothing for a file that was moved away', async () => {
    const path = newPath()
    const stores = await openStores({ path })
    const refused = sampleSession()
    renameSync(path, `${path}.moved`)
    await expect(stores.sessions.start(refused)).rejects.toThrow(StoreUnavailable)
    await expect(stores.database.check()).rejects.toThrow(StoreUnavailable)
    renameSync(`${path}.moved`, path)
    await stores.database.check()
    expect(await stores.sessions.find(refused.id, NOW)).toBeUndefined()
    expect(await stores.sessions.start(refused)).toBe('started')
  })

  it('leaves a file alone that a newer program has migrated since', async () => {
    const path = newPath()
    const stores = await openStores({ path })
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    other.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`)
    const refused = sampleSession()
    await expect(stores.sessions.start(refused)).rejects.toThrow(StoreUnavailable)
    expect(await stores.sessions.find(refused.id, NOW)).toBeUndefined()
  })

  it('that cannot be started again rejects each write, and is there when the file is', async () => {
    const path = newPath()
    let thread: { terminate(): Promise<number> } | undefined
    process.once('worker', (worker) => (thread = worker))
    const stores = await openStores({ path })
    await thread?.terminate()
    renameSync(path, `${path}.moved`)
    await expect(stores.sessions.start(sampleSession())).rejects.toThrow(StoreUnavailable)
    rmSync(path, { force: true })
    renameSync(`${path}.moved`, path)
    expect(await stores.sessions.start(sampleSession())).toBe('started')
  })
})

describe('closing', () => {
  it('finishes the writes that wait, and turns later ones away', async () => {
    const path = newPath()
    const stores = await openStores({ path })
    const sessions = samples(40)
    const waiting = startMany(stores, sessions)
    await Promise.all([stores.close(), stores.close()])
    expect((await waiting).every(({ status }) => status === 'fulfilled')).toBe(true)
    await expect(stores.sessions.start(sampleSession())).rejects.toThrow(StoreUnavailable)
    await expect(stores.sessions.find(sampleSession().id, NOW)).rejects.toThrow(StoreUnavailable)

    const again = await openSqlite({ path })
    for (const session of sessions) expect(await again.sessions.find(session.id, NOW)).toEqual(session)
    await again.close()
  })
})
