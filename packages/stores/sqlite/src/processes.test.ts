import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '@counterfoil/core'
import type { NodeReport } from '@counterfoil/core'
import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { Acknowledged } from './load.fixture.ts'
import { openSqlite } from './open.ts'
import type { SqliteStores } from './open.ts'
import { drawBelow, NOW, sampleSession, seededRandom } from './sample.fixture.ts'
import { newPath } from './scratch.fixture.ts'

const LOAD = fileURLToPath(new URL('./load.fixture.ts', import.meta.url))

const REPORT: NodeReport = {
  node: 'other',
  serial: 1,
  obeyed: { incarnation: 'one', position: 3 },
  heard: undefined,
  awaited: undefined,
}

/** Runs a writing process until it ends, or kills it in the middle of its work; gives what it had been told was done. */
async function runLoad(path: string, seed: number, stopAfter: number, killAfter = Infinity): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [LOAD, path, String(seed), String(stopAfter)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const acknowledged: Acknowledged[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.endsWith('}')) continue
    acknowledged.push(JSON.parse(line) as Acknowledged)
    if (acknowledged.length === killAfter) child.kill('SIGKILL')
  }
  const [code, signal] = await exited
  expect(killAfter === Infinity ? code : signal).toBe(killAfter === Infinity ? 0 : 'SIGKILL')
  return acknowledged
}

/** All that was acknowledged, as it must stand. */
class Ledger {
  readonly sessions = new Map<SessionId, { generation: number; version: number; ended: boolean }>()
  readonly records = new Map<number, string>()
  readonly accounts = new Map<AccountId, { email: string; generation: number }>()

  note(done: Acknowledged): void {
    if (done.did === 'register') this.accounts.set(done.id, { email: done.email, generation: 0 })
    else if (done.did === 'raise') {
      Object.assign(this.accounts.get(done.id) ?? {}, { generation: done.generation })
      this.records.set(done.position, done.id)
    } else if (done.did === 'append') this.records.set(done.position, done.id)
    else if (done.did === 'start') this.sessions.set(done.id, { generation: 0, version: 0, ended: false })
    else if (done.did === 'advance') Object.assign(this.sessions.get(done.id) ?? {}, { generation: done.generation })
    else if (done.did === 'attributes') Object.assign(this.sessions.get(done.id) ?? {}, { version: done.version })
    else Object.assign(this.sessions.get(done.id) ?? {}, { ended: true })
  }

  /** What of it is not there. */
  async missingFrom(stores: SqliteStores): Promise<string[]> {
    return [
      ...(await this.#missingSessions(stores)),
      ...(await this.#missingRecords(stores)),
      ...(await this.#missingAccounts(stores)),
    ]
  }

  async #missingSessions({ sessions, log }: SqliteStores): Promise<string[]> {
    const missing: string[] = []
    for (const [id, expected] of this.sessions) {
      const session = await sessions.find(id, NOW)
      if (expected.ended && session !== undefined) missing.push(`the end of session ${id}`)
      if (expected.ended || (session === undefined && (await log.holdsSession(id)))) continue
      if ((session?.generation ?? -1) < expected.generation)
        missing.push(`generation ${expected.generation} of session ${id}`)
      const attributes = await sessions.readAttributes(id, NOW)
      if ((attributes?.version ?? -1) < expected.version) missing.push(`the attributes of session ${id}`)
    }
    return missing
  }

  async #missingRecords({ log }: SqliteStores): Promise<string[]> {
    const read = await log.read(0, 1_000_000)
    if (read === 'compacted') return ['the whole log']
    const gap = read.records.findIndex(({ position }, index) => position !== index + 1)
    if (gap >= 0 || read.head.position !== read.records.length) return [`a position at ${gap}`]
    const subjects = read.records.map((record) =>
      record.kind === 'session' ? record.sessionId : record.kind === 'account' ? record.accountId : '',
    )
    return [...this.records]
      .filter(([position, subject]) => subjects[position - 1] !== subject)
      .map(([position]) => `record ${position}`)
  }

  async #missingAccounts({ database }: SqliteStores): Promise<string[]> {
    const missing: string[] = []
    for (const [id, { email, generation }] of this.accounts) {
      const account = await database.findAccountByEmail(email)
      if (account?.id !== id || account.generation < generation)
        missing.push(`account ${email} at generation ${generation}`)
    }
    return missing
  }
}

function integrityOf(path: string): unknown {
  const db = new DatabaseSync(path)
  try {
    return db.prepare('PRAGMA integrity_check').get()?.['integrity_check']
  } finally {
    db.close()
  }
}

describe('a process that is killed', () => {
  it('loses nothing that was acknowledged, at whatever moment it dies', async () => {
    const seed = drawBelow(systemRandom, 1_000_000)
    process.stdout.write(`killed at random, seed ${seed}\n`)
    const random = seededRandom(seed)
    const path = newPath()
    const ledger = new Ledger()
    let total = 0
    for (let round = 0; round < 8; round++) {
      const acknowledged = await runLoad(path, seed + 1 + round, 1e9, 1 + drawBelow(random, 1500))
      for (const done of acknowledged) ledger.note(done)
      total += acknowledged.length
      const stores = await openSqlite({ path })
      expect(await ledger.missingFrom(stores)).toEqual([])
      await stores.close()
      expect(integrityOf(path)).toBe('ok')
    }
    process.stdout.write(`${total} acknowledged in 8 rounds, none lost\n`)
  }, 60_000)
})

describe('processes that write to one file at once', () => {
  it('both get everything done, and share one log without gaps', async () => {
    const path = newPath()
    const ledger = new Ledger()
    const both = await Promise.all([runLoad(path, 1, 1500), runLoad(path, 2, 1500)])
    for (const acknowledged of both) {
      expect(acknowledged.length).toBeGreaterThanOrEqual(1500)
      for (const done of acknowledged) ledger.note(done)
    }
    const stores = await openSqlite({ path })
    expect(await ledger.missingFrom(stores)).toEqual([])
    await stores.close()
    expect(integrityOf(path)).toBe('ok')
  })

  it('know of one another which sessions may not start any more', async () => {
    const path = newPath()
    const [one, other] = [await openSqlite({ path }), await openSqlite({ path })]
    const session = sampleSession()
    await one.sessions.endAll(session.accountId, { below: 1 })
    expect(await other.sessions.start(session)).toBe('superseded')
    expect(await other.sessions.start({ ...session, accountGeneration: 1 })).toBe('started')
    expect(await one.sessions.find(session.id, NOW)).toMatchObject({ accountGeneration: 1 })
    await Promise.all([one.close(), other.close()])
  })

  it('hear of one another’s records', async () => {
    const path = newPath()
    const [one, other] = [await openSqlite({ path }), await openSqlite({ path })]
    const heard = new Promise<void>((resolve) => one.log.watch(resolve))
    const head = await other.log.append([{ kind: 'session', sessionId: sampleSession().id, at: NOW }])
    await heard
    expect(await one.log.head()).toEqual(head)
    await Promise.all([one.close(), other.close()])
  })

  it('hear of one another’s reports', async () => {
    const path = newPath()
    const [one, other] = [await openSqlite({ path }), await openSqlite({ path })]
    const heard = new Promise<void>((resolve) => one.nodes.watch(resolve))
    await other.nodes.report(REPORT)
    await heard
    expect(await one.nodes.read()).toEqual([REPORT])
    await Promise.all([one.close(), other.close()])
  })

  it('read a report that came from elsewhere within the same turn', async () => {
    const path = newPath()
    const { database, nodes, close } = await openSqlite({ path })
    const elsewhere = new DatabaseSync(path)
    const reading = database.readMark('opens the moment of this turn')
    elsewhere.prepare('INSERT INTO node_reports VALUES (?, ?, ?)').run('other', 1, JSON.stringify(REPORT))
    const reports = nodes.read()
    elsewhere.close()
    expect(await reading).toBeUndefined()
    expect(await reports).toEqual([REPORT])
    await close()
  })
})
