import type { RevocationLog, Unsubscribe } from '@counterfoil/core'
import type { AccountId, ApplicationId, KeyId, LogHead, Revocation, SessionId } from '@counterfoil/protocol'
import type { GroupCommit } from './group-commit.ts'
import type { Reader } from './reader.ts'
import { prepareQuery } from './statements.ts'
import type { Watch } from './watch.ts'

/** A record between JavaScript and SQL. */
export type RevocationRow = [
  position: number,
  kind: Revocation['kind'],
  subject: string,
  generation: number | null,
  keep: SessionId | null,
  at: number,
]

/** The revocation log in one file: reads at once on this thread, appends in the next transaction of `group`. */
export function createRevocationLog(reader: Reader, group: GroupCommit, watch: Watch): RevocationLog {
  const { db, answer, answerNow } = reader
  const readEnds = prepareQuery<[string, number, number]>(db, 'SELECT incarnation, head, compacted FROM installation')
  const holds = prepareQuery(db, `SELECT 1 FROM revocations WHERE kind = 'session' AND subject = ?`)
  const ends = () => {
    const [incarnation, position, compacted] = readEnds.first() ?? missing()
    return { head: { incarnation, position }, compacted }
  }
  return {
    append: (records) => group.write('appendRevocations', [records]),
    read: prepareReading(reader, ends),
    // A lease says that everything up to its head is known.
    head: () => answerNow(() => ends().head),
    holdsSession: (id) => answer(() => holds.first(id) !== undefined),
    watch: (onAppend): Unsubscribe => watch.add(onAppend),
    async compact(before) {
      let removed = 0
      for (let done = false; !done;) {
        const step = await group.write('compactLogStep', [before])
        removed += step.removed
        done = step.done
      }
      return removed
    },
  }
}

function prepareReading(
  { db, answerNow }: Reader,
  ends: () => { head: LogHead; compacted: number },
): RevocationLog['read'] {
  const records = prepareQuery<RevocationRow>(
    db,
    'SELECT position, kind, subject, generation, keep, at FROM revocations WHERE position > ? ORDER BY position LIMIT ?',
  )
  // Both in one answer, so that head and records are of one moment: a head that ran ahead would look like a gap.
  return (after, limit) =>
    answerNow(() => {
      const { head, compacted } = ends()
      if (after < compacted) return 'compacted'
      // Whoever is up to date asks most often: verifiers renew their leases.
      return { records: after < head.position ? records.all(after, limit).map(revocationOfRow) : [], head }
    })
}

/** The record of a row. */
export function revocationOfRow([position, kind, subject, generation, keep, at]: RevocationRow): Revocation {
  switch (kind) {
    case 'session':
      return { position, kind, sessionId: subject as SessionId, at }
    case 'account': {
      const spared = keep === null ? {} : { keep }
      return { position, kind, accountId: subject as AccountId, generation: generation ?? 0, ...spared, at }
    }
    case 'client':
      return { position, kind, applicationId: subject as ApplicationId, generation: generation ?? 0, at }
    case 'key':
      return { position, kind, keyId: subject as KeyId, at }
    case 'changed':
      return { position, kind, subject: subject as AccountId | SessionId, at }
  }
}

function missing(): never {
  throw new Error('the row of the installation is missing')
}
