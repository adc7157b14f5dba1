import { describe, expect, it } from 'vitest'
import { brokenNodes, caseNamed, pause, tryCase, type Mutant } from './mutant.fixture.ts'
import { nodeBoardCases } from './node-board.conformance.ts'
import type { NodeBoard, NodeReport } from './node-board.ts'

/** Reads as `change` has it. */
function readAs(fault: string, breaks: string, change: (reports: NodeReport[]) => NodeReport[]): Mutant {
  return brokenNodes(fault, breaks, (nodes) => ({ read: async () => change(await nodes.read()) }))
}

/** A board that looks at what is there, and writes some time later: in place of whatever is there by then. */
function writingLater(nodes: NodeBoard): Partial<NodeBoard> {
  const written = new Map<string, NodeReport>()
  return {
    async report(report) {
      const standing = written.get(report.node)
      if (standing !== undefined && standing.serial >= report.serial) return
      // The later ones are the quicker ones.
      for (let turns = 20 - report.serial; turns > 0; turns--) await pause()
      written.set(report.node, report)
    },
    read: async () => [...(await nodes.read()), ...written.values()],
  }
}

const reports: readonly Mutant[] = [
  readAs('a board with a report that nobody made', 'a board that nobody has reported to is empty', (read) => [
    ...read,
    { node: 'nobody', serial: 0, obeyed: { incarnation: '', position: 0 }, heard: undefined, awaited: undefined },
  ]),
  brokenNodes('a board for one node', 'every node has its last report there, whole', (nodes) => ({
    async report(report) {
      for (const { node, serial } of await nodes.read()) if (node !== report.node) await nodes.remove(node, serial)
      await nodes.report(report)
    },
  })),
  brokenNodes(
    'what a report leaves out is kept from the one before',
    'every node has its last report there, whole',
    (nodes) => ({
      async report(report) {
        const before = (await nodes.read()).find(({ node }) => node === report.node)
        await nodes.report({ ...report, heard: report.heard ?? before?.heard })
      },
    }),
  ),
  readAs('names that are cut off after some', 'every node has its last report there, whole', (read) =>
    read.map((report) => ({
      ...report,
      heard: report.heard && { ...report.heard, verifiers: report.heard.verifiers.slice(0, 256) },
    })),
  ),
  readAs('a position of 32 bits', 'every node has its last report there, whole', (read) =>
    read.map((report) => ({
      ...report,
      awaited: report.awaited && { ...report.awaited, position: report.awaited.position | 0 },
    })),
  ),
  brokenNodes('a report that comes late and stands', 'a report that comes late takes nothing back', (nodes) => ({
    async report(report) {
      for (const { node, serial } of await nodes.read()) if (node === report.node) await nodes.remove(node, serial)
      await nodes.report(report)
    },
  })),
  brokenNodes('a report of the same serial that stands', 'a report that comes late takes nothing back', (nodes) => ({
    async report(report) {
      await nodes.remove(report.node, report.serial)
      await nodes.report(report)
    },
  })),
  brokenNodes('a report that looks and then writes', 'of reports that race the last one stays', writingLater),
  brokenNodes(
    'a report that is acknowledged before it is there',
    'a report that comes late takes nothing back',
    (nodes) => ({ report: async (report) => void pause().then(() => nodes.report(report)) }),
  ),
  brokenNodes('a board that is read once', 'a report is taken away only as long as it is the last', (nodes) => {
    let cached: Promise<NodeReport[]> | undefined
    return { read: () => (cached ??= nodes.read()) }
  }),
]

const removals: readonly Mutant[] = [
  brokenNodes('a removal whatever the serial', 'a report is taken away only as long as it is the last', (nodes) => ({
    async remove(node) {
      const standing = (await nodes.read()).find((report) => report.node === node)
      return standing !== undefined && nodes.remove(node, standing.serial)
    },
  })),
  brokenNodes(
    'a removal of all with this serial',
    'a report is taken away only as long as it is the last',
    (nodes) => ({
      async remove(_, serial) {
        const same = (await nodes.read()).filter((report) => report.serial === serial)
        const removed = await Promise.all(same.map(({ node }) => nodes.remove(node, serial)))
        return removed.includes(true)
      },
    }),
  ),
  brokenNodes(
    'a removal that looks, and then says that it was the one',
    'a report is taken away only as long as it is the last',
    (nodes) => ({
      async remove(node, serial) {
        const isThere = (await nodes.read()).some((report) => report.node === node && report.serial === serial)
        await pause()
        await nodes.remove(node, serial)
        return isThere
      },
    }),
  ),
  brokenNodes('a node that comes back no more', 'a report is taken away only as long as it is the last', (nodes) => {
    const removed = new Set<string>()
    return {
      async report(report) {
        if (!removed.has(report.node)) await nodes.report(report)
      },
      async remove(node, serial) {
        const isRemoved = await nodes.remove(node, serial)
        if (isRemoved) removed.add(node)
        return isRemoved
      },
    }
  }),
]

const watchers: readonly Mutant[] = [
  brokenNodes('a watch that never calls', 'a watcher hears of reports', () => ({ watch: () => () => undefined })),
  brokenNodes(
    'a watcher that cannot leave',
    'a watcher of the board that has gone hears nothing any more, and others still do',
    (nodes) => ({
      watch(onReport) {
        nodes.watch(onReport)
        return () => undefined
      },
    }),
  ),
  brokenNodes(
    'a watcher that takes the others along',
    'a watcher of the board that has gone hears nothing any more, and others still do',
    (nodes) => {
      const leaving: (() => void)[] = []
      return {
        watch(onReport) {
          leaving.push(nodes.watch(onReport))
          return () => leaving.forEach((leave) => leave())
        },
      }
    },
  ),
]

/** A board that holds on to what it is given, and gives it away. */
function sharing(): Pick<NodeBoard, 'report' | 'read'> {
  const held = new Map<string, NodeReport>()
  return {
    report: async (report) => void held.set(report.node, report),
    read: async () => [...held.values()],
  }
}

const rest: readonly Mutant[] = [
  brokenNodes(
    'reports that are held on to',
    'changing a report after it was given or answered changes nothing on the board',
    sharing,
  ),
  brokenNodes(
    'reports that are copied when they come, and not when they go',
    'changing a report after it was given or answered changes nothing on the board',
    () => {
      const { report, read } = sharing()
      return { report: async (given) => report(structuredClone(given)), read }
    },
  ),
  {
    fault: 'a board that is gone after a restart',
    breaks: 'reports are still there after a restart',
    mutate: () => ({}),
    restart: (stores) => ({ ...stores, nodes: { ...stores.nodes, read: async () => [] } }),
  },
]

describe('the suite of the board of nodes', () => {
  it.for([...reports, ...removals, ...watchers, ...rest])('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, nodeBoardCases), mutant)).toBeDefined()
  })
})
