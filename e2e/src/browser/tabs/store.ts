import { openSqlite } from '@counterfoil/store-sqlite'
import type { Scene } from '../scene.ts'

/** What the issuer has written down. */
export interface StoreRecord {
  /** The generation of the session that was started first; -1 where it is gone. */
  readonly generation: number
  /** Events that speak of theft, of an end, or of a store that went back. */
  readonly alarms: readonly string[]
}

const ALARMING = new Set(['refresh.reuse_detected', 'session.ended', 'session.all_ended', 'store.rollback_detected'])

/** Ends the issuer, and reads its store. */
export async function readStore(scene: Scene): Promise<StoreRecord> {
  await scene.stopIssuer()
  const stores = await openSqlite({ path: scene.databaseFile })
  try {
    const audit = await stores.database.readAudit(0, 1_000_000)
    const started = audit.find(({ kind }) => kind === 'session.started')?.sessionId
    const session = started && (await stores.sessions.find(started, Date.now()))
    const alarms = audit.filter(({ kind }) => ALARMING.has(kind)).map((event) => JSON.stringify(event))
    return { generation: session?.generation ?? -1, alarms }
  } finally {
    await stores.close()
  }
}
