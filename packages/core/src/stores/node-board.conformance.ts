import assert from 'node:assert/strict'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './conformance/case.ts'
import { assertSame, race } from './conformance/sample.ts'
import type { NodeBoard, NodeReport } from './node-board.ts'

function sampleReport(node: string, serial: number, more: Partial<NodeReport> = {}): NodeReport {
  return {
    node,
    serial,
    obeyed: { incarnation: 'one', position: serial * 10 },
    heard: undefined,
    awaited: undefined,
    ...more,
  }
}

async function readBoard(nodes: NodeBoard): Promise<NodeReport[]> {
  return (await nodes.read()).toSorted((one, other) => (one.node < other.node ? -1 : 1))
}

/** Reports until somebody has heard of it, or should have: a single hint may be lost, all of them may not. */
async function reportUntil(nodes: NodeBoard, isHeard: () => boolean): Promise<void> {
  for (let serial = 1; !isHeard() && serial <= 100; serial++) {
    await nodes.report(sampleReport('a', serial))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What every `NodeBoard` holds to. */
export const nodeBoardCases: readonly ConformanceCase[] = [
  holdTo('a board that nobody has reported to is empty', async ({ nodes }) => {
    assertSame(await nodes.read(), [])
  }),
  holdTo('every node has its last report there, whole', async ({ nodes }) => {
    const awaited = { incarnation: 'two', position: 2 ** 40 }
    const verifiers = Array.from({ length: 300 }, (_, at) => `verifier ${String(at)}`)
    const heard = { head: { incarnation: 'one', position: 12 }, verifiers }
    await nodes.report(sampleReport('a', 1))
    await nodes.report(sampleReport('b', 7, { awaited, heard }))
    await nodes.report(sampleReport('a', 2, { obeyed: { incarnation: 'two', position: 3 } }))
    assertSame(await readBoard(nodes), [
      sampleReport('a', 2, { obeyed: { incarnation: 'two', position: 3 } }),
      sampleReport('b', 7, { awaited, heard }),
    ])
    await nodes.report(sampleReport('b', 8))
    assertSame((await readBoard(nodes))[1], sampleReport('b', 8))
  }),
  holdTo('a report that comes late takes nothing back', async ({ nodes }) => {
    await nodes.report(sampleReport('a', 5))
    await nodes.report(sampleReport('a', 4))
    await nodes.report(sampleReport('a', 5, { obeyed: { incarnation: 'other', position: 1 } }))
    assertSame(await nodes.read(), [sampleReport('a', 5)])
  }),
  holdTo('of reports that race the last one stays', async ({ nodes }) => {
    await race(20, (serial) => nodes.report(sampleReport('a', serial)))
    assertSame(await nodes.read(), [sampleReport('a', 19)])
  }),
  holdTo('a report is taken away only as long as it is the last', async ({ nodes }) => {
    await nodes.report(sampleReport('a', 1))
    await nodes.report(sampleReport('a', 2))
    await nodes.report(sampleReport('b', 1))
    assert.equal(await nodes.remove('a', 1), false)
    assert.equal(await nodes.remove('c', 1), false)
    const removed = await race(5, () => nodes.remove('a', 2))
    assert.equal(removed.filter((done) => done).length, 1)
    assertSame(await nodes.read(), [sampleReport('b', 1)])
    await nodes.report(sampleReport('a', 3))
    assert.equal((await nodes.read()).length, 2)
  }),
  holdTo('a watcher hears of reports', async ({ nodes }) => {
    const heard = { times: 0 }
    const leave = nodes.watch(() => heard.times++)
    await reportUntil(nodes, () => heard.times > 0)
    leave()
    assert.ok(heard.times > 0)
  }),
  holdTo('a watcher of the board that has gone hears nothing any more, and others still do', async ({ nodes }) => {
    const heard = { gone: 0, there: 0 }
    const leave = nodes.watch(() => heard.gone++)
    const stay = nodes.watch(() => heard.there++)
    leave()
    leave()
    await reportUntil(nodes, () => heard.there > 0)
    stay()
    assert.ok(heard.there > 0)
    assert.equal(heard.gone, 0)
  }),
  holdTo('changing a report after it was given or answered changes nothing on the board', async ({ nodes }) => {
    const report = { ...sampleReport('a', 1), obeyed: { incarnation: 'one', position: 4 } }
    await nodes.report(report)
    report.obeyed.position = 9
    const [read] = await nodes.read()
    assert.equal(read?.obeyed.position, 4)
    Object.assign(read.obeyed, { position: 8 })
    assert.equal((await nodes.read())[0]?.obeyed.position, 4)
  }),
  holdToAcrossRestart(
    'reports are still there after a restart',
    async ({ nodes }) => nodes.report(sampleReport('a', 3)),
    async ({ nodes }) => assertSame(await nodes.read(), [sampleReport('a', 3)]),
  ),
]
