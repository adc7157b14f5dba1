import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { StoreUnavailable } from '@counterfoil/core'
import type { Session } from '@counterfoil/core'
import { openSqlite } from './open.ts'
import type { SqliteOptions, SqliteStores } from './open.ts'
import { sampleSession } from './sample.fixture.ts'

/** An empty folder that is removed when the test is over. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The path of a file that is not there yet, in a folder of its own. */
export function newPath(): string {
  return join(makeFolder(), 'counterfoil.db')
}

/** Opens a file that is closed when the test is over. */
export async function openStores(options: Partial<SqliteOptions> = {}): Promise<SqliteStores> {
  const stores = await openSqlite({ path: newPath(), ...options })
  onTestFinished(() => stores.close())
  return stores
}

/** Starts sessions until there is no room for more; those that were acknowledged. */
export async function fillUp({ sessions }: SqliteStores): Promise<Session[]> {
  const started: Session[] = []
  for (;;) {
    const batch = Array.from({ length: 50 }, () => sampleSession())
    const outcomes = await Promise.allSettled(batch.map((session) => sessions.start(session)))
    started.push(...batch.filter((_, index) => outcomes[index]?.status === 'fulfilled'))
    const rejected = outcomes.filter((outcome) => outcome.status === 'rejected')
    for (const { reason } of rejected) if (!(reason instanceof StoreUnavailable)) throw reason
    if (rejected.length > 0) return started
  }
}
