import { expect, vi } from 'vitest'
import {
  createMemoryStores,
  repairSessions,
  StoreUnavailable,
  type AuditEvent,
  type Database,
  type SessionStore,
} from '@counterfoil/core'
import type { SessionId } from '@counterfoil/protocol'
import { NOW } from './sample.fixture.ts'

/** The part of an installation that outlives Redis: what has ended stands in a log, from which it is replayed. */
export interface Installation {
  readonly database: Database
  /** What was noticed, each time. */
  readonly losses: string[]
  readonly repair: (sessions: SessionStore, loss: string) => Promise<void>
  readonly end: (sessions: SessionStore, id: SessionId) => Promise<void>
  readonly audit: () => Promise<AuditEvent[]>
}

export function makeInstallation(): Installation {
  const { database, log } = createMemoryStores()
  const losses: string[] = []
  return {
    database,
    losses,
    async repair(sessions, loss) {
      await repairSessions({ database, log, clock: { now: () => NOW, monotonic: () => 0 } }, sessions, loss)
      losses.push(loss)
    },
    async end(sessions, id) {
      await log.append([{ kind: 'session', sessionId: id, at: NOW }])
      await sessions.end(id)
    },
    audit: () => database.readAudit(0, 100),
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
