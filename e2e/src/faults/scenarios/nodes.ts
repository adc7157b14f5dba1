import { existsSync } from 'node:fs'
import { must, pause, TAU_MS, type Scenario } from '../scenario.ts'

const kill: Scenario['strike'] = async ({ nodes }) => {
  for (const node of nodes.slice(0, 2)) {
    await node.kill()
    await pause(300)
    await node.start()
  }
  return {}
}

function stop(forMs: number): Scenario['strike'] {
  return async ({ nodes }) => {
    const node = must(nodes[0])
    node.signal('SIGSTOP')
    await pause(forMs)
    node.signal('SIGCONT')
    await pause(500)
    return {}
  }
}

const FAKETIME = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path))

/** The wall clock of one node is off; its monotonic clock runs as ever. */
function clockOff(by: string): Pick<Scenario, 'lacks' | 'strike'> {
  return {
    lacks: () =>
      FAKETIME === undefined ? 'libfaketime is not installed (Debian: apt-get install libfaketime)' : undefined,
    strike: async ({ nodes }) => {
      const node = must(nodes.at(-1))
      await node.kill()
      node.environment = { LD_PRELOAD: FAKETIME ?? '', FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
      await node.start()
      await pause(3 * TAU_MS)
      return {}
    },
  }
}

/** Nodes that die, hang, or have the wrong time. */
export const NODE_SCENARIOS: readonly Scenario[] = [
  { name: 'kill −9 of the node', profile: 'sqlite', strike: kill },
  { name: 'SIGSTOP of the node for 0.5τ', profile: 'sqlite', strike: stop(0.5 * TAU_MS) },
  { name: 'SIGSTOP of the node for 3τ', profile: 'sqlite', strike: stop(3 * TAU_MS) },
  { name: 'clock of the node 1 h behind', profile: 'sqlite', ...clockOff('-1h') },
  { name: 'kill −9 of two nodes, one after the other', profile: 'postgres', isQuick: true, strike: kill },
  { name: 'SIGSTOP of a node for 0.5τ', profile: 'postgres', strike: stop(0.5 * TAU_MS) },
  { name: 'SIGSTOP of a node for 3τ', profile: 'postgres', isQuick: true, strike: stop(3 * TAU_MS) },
  { name: 'clock of one node 1 h ahead', profile: 'postgres', ...clockOff('+1h') },
  { name: 'clock of one node 1 h behind', profile: 'postgres', ...clockOff('-1h') },
  { name: 'kill −9 of two nodes, one after the other', profile: 'postgres + redis', strike: kill },
  { name: 'SIGSTOP of a node for 3τ', profile: 'postgres + redis', strike: stop(3 * TAU_MS) },
]
