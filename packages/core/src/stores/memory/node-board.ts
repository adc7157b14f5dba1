import type { NodeBoard, NodeReport } from '../node-board.ts'

/** A board in memory, for the nodes of one process: nothing survives it. */
export function createMemoryNodeBoard(): NodeBoard {
  const reports = new Map<string, NodeReport>()
  const watchers = new Set<() => void>()
  return {
    async report(report) {
      if (report.serial <= (reports.get(report.node)?.serial ?? -1)) return
      reports.set(report.node, structuredClone(report))
      watchers.forEach((watcher) => queueMicrotask(watcher))
    },
    read: async () => structuredClone([...reports.values()]),
    async remove(node, serial) {
      return reports.get(node)?.serial === serial && reports.delete(node)
    },
    watch(onReport) {
      const watcher = () => watchers.has(watcher) && onReport()
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
  }
}
