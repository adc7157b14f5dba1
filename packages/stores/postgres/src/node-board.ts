import type { NodeBoard, NodeReport } from '@counterfoil/core'
import type { Ask } from './client.ts'
import { CHANNEL, type Hints } from './hints.ts'

/** Statements about the board. */
export const NODE_TEXTS = {
  report: `
WITH put AS (
  INSERT INTO counterfoil_node_reports (node, serial, report) VALUES ($1, $2, $3)
  ON CONFLICT (node) DO UPDATE SET serial = excluded.serial, report = excluded.report
  WHERE excluded.serial > counterfoil_node_reports.serial RETURNING 1)
SELECT pg_notify('${CHANNEL}', 'nodes') FROM put`,
  read: 'SELECT report FROM counterfoil_node_reports',
  remove: 'DELETE FROM counterfoil_node_reports WHERE node = $1 AND serial = $2 RETURNING 1',
} as const

/** The board of nodes in PostgreSQL: a report is one JSON text. */
export function createNodeBoard(ask: Ask, hints: Hints): NodeBoard {
  return {
    async report(report) {
      const told = await ask(NODE_TEXTS.report, [report.node, report.serial, JSON.stringify(report)])
      if (told.length > 0) hints.notice('nodes')
    },
    read: async () => (await ask(NODE_TEXTS.read)).map(([text]) => reportOf(String(text))),
    remove: async (node, serial) => (await ask(NODE_TEXTS.remove, [node, serial])).length > 0,
    watch: (onReport) => hints.add('nodes', onReport),
  }
}

/** JSON leaves out what is undefined. */
function reportOf(text: string): NodeReport {
  const { heard, awaited, ...report } = JSON.parse(text) as NodeReport
  return { ...report, heard, awaited }
}
