import type { NodeBoard, NodeReport } from '@counterfoil/core'
import type { GroupCommit } from './group-commit.ts'
import type { Reader } from './reader.ts'
import { parseColumn, prepareQuery } from './statements.ts'
import type { Watch } from './watch.ts'

/** The board of nodes in one file, for the processes of one machine: a report is one JSON text. */
export function createNodeBoard({ db, answerNow }: Reader, group: GroupCommit, watch: Watch): NodeBoard {
  const readAll = prepareQuery<[string]>(db, 'SELECT report FROM node_reports')
  return {
    async report(report) {
      const reports = await group.write('reportNode', [report.node, report.serial, JSON.stringify(report)])
      if (reports !== undefined) watch.notice(reports)
    },
    read: () => answerNow(() => readAll.all().map(([report]) => reportOf(report))),
    remove: async (node, serial) => group.write('removeNode', [node, serial]),
    watch: (onReport) => watch.add(onReport),
  }
}

/** JSON leaves out what is undefined. */
function reportOf(text: string): NodeReport {
  const { heard, awaited, ...report } = parseColumn(text) as NodeReport
  return { ...report, heard, awaited }
}
