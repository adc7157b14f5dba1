import type { DatabaseSync } from 'node:sqlite'
import { prepareChange, prepareQuery } from './statements.ts'

/** The verbs that write the board of nodes; each runs inside a transaction that others begin and commit. */
export type NodeVerbs = ReturnType<typeof prepareNodeVerbs>

/** Prepares the verbs that write the board of nodes. */
export function prepareNodeVerbs(db: DatabaseSync) {
  const put = prepareChange(
    db,
    `INSERT INTO node_reports (node, serial, report) VALUES (?, ?, ?)
     ON CONFLICT (node) DO UPDATE SET serial = excluded.serial, report = excluded.report WHERE excluded.serial > serial`,
  )
  const count = prepareQuery<[number]>(db, 'UPDATE installation SET reports = reports + 1 RETURNING reports')
  const remove = prepareChange(db, 'DELETE FROM node_reports WHERE node = ? AND serial = ?')
  return {
    /** How many reports there have been; undefined when this one comes late. */
    reportNode: (node: string, serial: number, report: string): number | undefined =>
      put(node, serial, report) === 0 ? undefined : count.first()?.[0],
    removeNode: (node: string, serial: number): boolean => remove(node, serial) > 0,
  }
}
