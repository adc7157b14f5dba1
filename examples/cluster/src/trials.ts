import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import type { Ledger } from './ledger.ts'

/** What is done to the nodes while users work. */
export type Trial = (cluster: Cluster, ledger: Ledger, stop: AbortSignal) => Promise<void>

const EVERY_MS = 1000

/** Kills a node each second, in turn, and puts another one in its place; never the last one that is ready. */
export const killNodes: Trial = async ({ nodes }, ledger, stop) => {
  const replacing: Promise<void>[] = []
  let dueAt = performance.now()
  for (let turn = 0; !stop.aborted; turn++) {
    const ready = nodes.filter(({ isReady }) => isReady)
    const node = ready[turn % Math.max(1, ready.length)]
    if (node === undefined || ready.length < 2) {
      await sleep(10)
      continue
    }
    ledger.kills.push({ node: node.port, at: performance.now() })
    await node.kill()
    replacing.push(node.start())
    dueAt = Math.max(dueAt + EVERY_MS, performance.now())
    await sleep(Math.max(0, dueAt - performance.now()))
  }
  await Promise.all(replacing)
}

/** Restarts one node after the other as an operator does: it is asked to stop, and the next one has its turn when it is ready again. */
export const restartNodes: Trial = async ({ nodes }, ledger, stop) => {
  for (let turn = 0; !stop.aborted; turn++) {
    const node = nodes[turn % nodes.length]
    ledger.restarts++
    await node?.stop()
    await node?.start()
  }
}
