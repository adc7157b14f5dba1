import { expect, vi } from 'vitest'
import {
  createMemoryStores,
  StoreUnavailable,
  type AuditKind,
  type Database,
  type SessionStore,
} from '@counterfoil/core'
import type { SessionId } from '@counterfoil/protocol'
import { NOW } from './sample.fixture.ts'
import type { Rollback } from './watch.ts'

/** The part of an installation that outlives Redis: what has ended stands in a log, from which it is replayed. */
export interface Installation {
  readonly database: Database
  readonly repairs: Rollback[]
  repair(sessions: SessionStore, rollback: Rollback): Promise<void>
  end(sessions: SessionStore, id: SessionId): Promise<void>
  auditKinds(): Promise<AuditKind[]>
}

export function makeInstallation(): Installation {
  const { database, log } = createMemoryStores()
  const repairs: Rollback[] = []
  return {
    database,
    repairs,
    async repair(sessions, rollback) {
      const read = await log.read(0, 1000)
      if (read === 'compacted') return expect.fail('the log is whole')
      for (const record of read.records) if (record.kind === 'session') await sessions.end(record.sessionId)
      await database.recordAudit({ at: NOW, kind: 'store.rollback_detected', detail: { ...rollback } })
      repairs.push(rollback)
    },
    async end(sessions, id) {
      await log.append([{ kind: 'session', sessionId: id, at: NOW }])
      await sessions.end(id)
    },
    auditKinds: async () => (await database.readAudit(0, 100)).map(({ kind }) => kind),
  }
}

/** Asks until the store answers. Any other error than a refusal ends the test. */
export async function untilAnswered<Answer>(act: () => Promise<Answer>): Promise<Answer> {
  return vi.waitFor(
    async () => {
      try {
        return await act()
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) expect.fail(String(error))
        throw error
      }
    },
    { timeout: 20_000, interval: 5 },
  )
}
