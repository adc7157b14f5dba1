import type { Revocation } from '@counterfoil/protocol'
import { ARCHIVE_KEYS, canonicalRow, type DatabaseArchive, type LogEnds } from '../archive.ts'
import { createMemorySection } from './archive-section.ts'

/** What belongs to the log of everything that is copied. */
export type LogArchive = Pick<DatabaseArchive, 'revocations' | 'log'>

/** A log in memory, as its archive sees it. */
export interface ArchivedLog {
  ends(): LogEnds
  records(): readonly Revocation[]
  /** Becomes the log that has these ends, and these records between them. */
  become(ends: LogEnds, records: readonly Revocation[]): void
}

/** Everything in a log in memory. What is written waits aside until the log becomes another. */
export function createMemoryLogArchive(log: ArchivedLog): LogArchive {
  const waiting: Revocation[] = []
  const isNew = (): boolean => log.ends().position === 0
  const records = (): readonly Revocation[] => (isNew() ? waiting : log.records())
  return {
    revocations: createMemorySection({
      keyOf: ARCHIVE_KEYS.revocations,
      list: records,
      get: (key) => records()[Number(key) - (records()[0]?.position ?? 1)],
      accepts: isNew,
      add: (record) => void waiting.push(record),
    }),
    log: {
      read: async () => ({ rows: [log.ends()], next: undefined }),
      find: async (keys) => keys.filter((key) => key === 'log').map(() => log.ends()),
      async write(rows) {
        for (const row of rows) {
          if (isNew()) log.become(row, waiting)
          else if (canonicalRow(log.ends()) !== canonicalRow(row)) return { differs: 'log' }
        }
        return 'written'
      },
    },
  }
}
