import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { drawId, systemRandom, type Session } from '@counterfoil/core'
import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'
import { openSqlite } from '@counterfoil/store-sqlite'
import { median, type SuiteResult } from './finding.ts'

const IN_FLIGHT = 64
const FAR = Date.now() + 1e12

function newSession(): Session {
  const use = { at: Date.now(), address: '192.0.2.1', userAgent: 'bench' }
  return {
    id: drawId<SessionId>(systemRandom),
    accountId: drawId<AccountId>(systemRandom),
    applicationId: 'hybrid' as ApplicationId,
    strategy: 'hybrid',
    generation: 0,
    floor: 0,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: use.at,
    started: use,
    seenAt: use.at,
    idleExpiresAt: FAR,
    expiresAt: FAR,
  }
}

/** Rotations per second with `IN_FLIGHT` callers, each of which waits for its rotation to be durable. */
async function rotateFor(forMs: number, rotate: (at: number) => Promise<void>): Promise<number> {
  const began = performance.now()
  let done = 0
  const caller = async (): Promise<void> => {
    while (performance.now() - began < forMs) await rotate(done++)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller))
  return done / ((performance.now() - began) / 1000)
}

/** The plain way: one connection, `synchronous=FULL`, a commit for each rotation. */
function openPlain(path: string, sessions: readonly Session[]): { rotate(at: number): Promise<void>; close(): void } {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE sessions (id TEXT PRIMARY KEY, generation INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT')
  const insert = db.prepare('INSERT INTO sessions VALUES (?, 0, 0)')
  db.exec('BEGIN')
  for (const { id } of sessions) insert.run(id)
  db.exec('COMMIT')
  const advance = db.prepare(
    'UPDATE sessions SET generation = generation + 1, seen_at = ? WHERE id = ? RETURNING generation',
  )
  return {
    rotate: async (at) => {
      if (advance.get(Date.now(), sessions[at % sessions.length]?.id ?? '') === undefined) throw new Error('lost')
    },
    close: () => db.close(),
  }
}

/** Durable rotation in SQLite: one writer with group commit, against a commit for each. */
export async function benchRotation(quick: boolean): Promise<SuiteResult> {
  const [count, forMs, rounds] = quick ? [2_000, 500, 3] : [100_000, 3_000, 5]
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-bench-'))
  const sessions = Array.from({ length: count }, newSession)
  const stores = await openSqlite({ path: join(folder, 'group.db') })
  for (let at = 0; at < count; at += 1000)
    await Promise.all(sessions.slice(at, at + 1000).map((one) => stores.sessions.start(one)))
  const plain = openPlain(join(folder, 'plain.db'), sessions)
  const generations = new Map<number, number>()
  const rotate = async (at: number): Promise<void> => {
    const index = at % count
    const from = generations.get(index) ?? 0
    generations.set(index, from + 1)
    const session = sessions[index]
    const use = { at: Date.now(), address: '192.0.2.1', userAgent: 'bench' }
    const outcome =
      session && (await stores.sessions.advance(session.id, from, { now: use.at, idleExpiresAt: FAR, use }))
    if (outcome === undefined || !('advanced' in outcome)) throw new Error('a rotation was lost')
  }
  const [grouped, single]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    grouped.push(await rotateFor(forMs, rotate))
    single.push(await rotateFor(forMs, (at) => plain.rotate(at)))
  }
  const { commits, committed } = stores.counts()
  await stores.close()
  plain.close()
  rmSync(folder, { recursive: true })
  const finding = {
    what: `durable rotation, ${IN_FLIGHT} in flight, ${count} sessions`,
    unit: '/s',
    ours: median(grouped),
  }
  return {
    title: 'Durable rotation, SQLite',
    findings: [{ ...finding, peer: 'commit each', theirs: median(single), target: 10 }],
    remarks: [
      `${committed} writes in ${commits} commits. Both with synchronous=FULL. The peer writes two numbers of a narrow table; ours the whole rotation of a session record.`,
    ],
  }
}
