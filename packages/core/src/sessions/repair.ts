import type { AccountId, Revocation, SessionId } from '@counterfoil/protocol'
import type { Clock } from '../clock.ts'
import { firstReadable } from '../revocations/lease-answer.ts'
import type { Database } from '../stores/database.ts'
import type { RevocationLog } from '../stores/revocation-log.ts'
import type { SessionStore } from '../stores/session-store.ts'

/** What a repair works with. */
export interface RepairParts {
  readonly database: Pick<Database, 'recordAudit'>
  readonly log: RevocationLog
  readonly clock: Clock
}

/** Records that are read at once, and sessions that are ended at once. */
const PAGE = 1000

/**
 * Ends again what the log says has ended, in a session store that has lost writes: it may have brought sessions back. Says so in the audit log, with
 * `loss`, which tells in words what was noticed. Resolves with the number of records that were carried out.
 *
 * Nobody is signed out by it: what is newer in a client's hand than in the store is healed when it is used.
 *
 * @throws {StoreUnavailable} when it could not be carried out to the end; it can be repeated.
 * @example
 * await repairSessions({ database, log, clock: systemClock }, sessions, 'the primary is another one')
 */
export async function repairSessions(
  { database, log, clock }: RepairParts,
  sessions: Pick<SessionStore, 'end' | 'endAll'>,
  loss: string,
): Promise<number> {
  let carriedOut = 0
  for await (const records of readAll(log)) {
    await Promise.all(records.map((record) => carryOut(sessions, record)))
    carriedOut += records.length
  }
  await database.recordAudit({ at: clock.now(), kind: 'store.rollback_detected', detail: { loss, carriedOut } })
  return carriedOut
}

async function* readAll(log: RevocationLog): AsyncGenerator<readonly Revocation[]> {
  const { incarnation, position: end } = await log.head()
  let after = await firstReadable(log, end)
  while (after < end) {
    const reading = await log.read(after, PAGE)
    // Compacted meanwhile, or another log: what is left of it is read from its beginning.
    if (reading === 'compacted' || reading.head.incarnation !== incarnation) return yield* readAll(log)
    if (reading.records.length === 0) return
    yield latestOf(reading.records)
    after += reading.records.length
  }
}

/** Of several endings of one account only the last one counts: verbs of one account would otherwise race. */
function latestOf(records: readonly Revocation[]): readonly Revocation[] {
  const latest = new Map<AccountId | SessionId | number, Revocation>()
  for (const record of records) {
    const name =
      record.kind === 'account' ? record.accountId : record.kind === 'session' ? record.sessionId : record.position
    latest.set(name, record)
  }
  return [...latest.values()]
}

async function carryOut(sessions: Pick<SessionStore, 'end' | 'endAll'>, record: Revocation): Promise<void> {
  switch (record.kind) {
    case 'session':
      await sessions.end(record.sessionId)
      return
    case 'account':
      await sessions.endAll(record.accountId, { below: record.generation, keep: record.keep })
      return
    case 'client':
    case 'key':
    case 'changed':
      // Generations and keys are in the database, which every use of a session is held against.
      return
  }
}
