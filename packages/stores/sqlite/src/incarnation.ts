import type { DatabaseSync } from 'node:sqlite'
import { drawId } from '@counterfoil/core'
import type { Random } from '@counterfoil/core'
import { identifyFile } from './file.ts'
import { insist } from './locking.ts'
import { prepareChange, prepareQuery } from './statements.ts'

/** Begins a new incarnation of the log unless this very file has one: it is new then, or a copy that may be older than what was lost. */
export function beginIncarnation(db: DatabaseSync, path: string, lockTimeoutMs: number, random: Random): void {
  const file = identifyFile(path)
  if (prepareQuery(db, 'SELECT 1 FROM installation WHERE file = ?').first(file) !== undefined) return
  const begin = prepareChange(db, 'UPDATE installation SET incarnation = ?, file = ? WHERE file <> ?')
  insist(lockTimeoutMs, () => begin(drawId(random), file, file))
}
