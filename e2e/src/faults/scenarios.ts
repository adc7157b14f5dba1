import { existsSync } from 'node:fs'
import { LEASE_SECONDS } from './fleet.ts'
import type { Profile, Setting, SettingOptions } from './setting.ts'

/** What a fault did, as far as the judgement depends on it. Milliseconds of the monotonic clock. */
export interface Damage {
  /** A failover may have lost what was written in this time. */
  readonly mayLose?: { readonly from: number; readonly to: number }
  /** The session store came back empty. */
  readonly emptiedAt?: number
}

/** One fault in one profile. */
export interface Scenario {
  readonly name: string
  readonly profile: Profile
  readonly options?: SettingOptions
  /** Quick enough to be run with all other tests. */
  readonly isQuick?: boolean
  /** Why it cannot be run here. */
  readonly lacks?: () => string | undefined
  /** Does it, and heals it again; resolves when it is healed. */
  readonly strike: (setting: Setting) => Promise<Damage>
}

const TAU_MS = LEASE_SECONDS * 1000
/** Writes of this time before a primary dies may not have reached its replicas. */
const LAG_MS = 2000

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function must<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('the setting lacks what the fault is about')
  return thing
}

const FAKETIME = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path))

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

const killNode: Scenario['strike'] = async ({ nodes }) => {
  for (const node of nodes.slice(0, 2)) {
    await node.kill()
    await pause(300)
    await node.start()
  }
  return {}
}

function stopNode(forMs: number): Scenario['strike'] {
  return async ({ nodes }) => {
    const node = must(nodes[0])
    node.signal('SIGSTOP')
    await pause(forMs)
    node.signal('SIGCONT')
    await pause(500)
    return {}
  }
}

const restartPostgres: Scenario['strike'] = async ({ postgres }) => {
  await must(postgres).stop('immediate')
  await pause(1500)
  await must(postgres).start()
  return {}
}

/** The primary is gone, and its standby takes its place; all nodes are led there. */
const promoteStandby: Scenario['strike'] = async ({ postgres, standby, wires }) => {
  const diedAt = performance.now()
  await must(postgres).kill()
  await must(standby).promote()
  const { port } = must(standby).server
  for (const wire of wires) wire.leadTo(port)
  return { mayLose: { from: diedAt - LAG_MS, to: performance.now() } }
}

function wires(act: (setting: Setting) => void, heal: (setting: Setting) => void, forMs: number): Scenario['strike'] {
  return async (setting) => {
    act(setting)
    await pause(forMs)
    heal(setting)
    return {}
  }
}

const restartRedis: Scenario['strike'] = async ({ redis }) => {
  await must(redis).stop()
  await pause(1000)
  await must(redis).start()
  return {}
}

const killRedis: Scenario['strike'] = async ({ redis }) => {
  const diedAt = performance.now()
  await must(redis).kill()
  await pause(500)
  await must(redis).start()
  return { mayLose: { from: diedAt - LAG_MS, to: performance.now() } }
}

const emptyRedis: Scenario['strike'] = async ({ redis }) => {
  await must(redis).kill()
  must(redis).wipe()
  const emptiedAt = performance.now()
  await must(redis).start()
  return { emptiedAt }
}

/** What a primary wrote last has not come to its replicas when it dies. */
async function killWithLag(
  primary: { kill(): Promise<void> },
  replicas: readonly { pause(): void; resume(): void }[],
): Promise<Damage> {
  const laggingFrom = performance.now()
  for (const replica of replicas) replica.pause()
  await pause(400)
  await primary.kill()
  for (const replica of replicas) replica.resume()
  await pause(4000)
  return { mayLose: { from: laggingFrom - LAG_MS, to: performance.now() } }
}

/** Everything that is made to go wrong. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'kill −9 of the node', profile: 'sqlite', isQuick: true, strike: killNode },
  { name: 'SIGSTOP of the node for 3τ', profile: 'sqlite', strike: stopNode(3 * TAU_MS) },
  { name: 'clock of the node 1 h ahead', profile: 'sqlite', ...clockOff('+1h') },
  { name: 'kill −9 of two nodes, one after the other', profile: 'postgres', isQuick: true, strike: killNode },
  { name: 'SIGSTOP of a node for 0.5τ', profile: 'postgres', strike: stopNode(0.5 * TAU_MS) },
  { name: 'SIGSTOP of a node for 3τ', profile: 'postgres', isQuick: true, strike: stopNode(3 * TAU_MS) },
  { name: 'immediate stop and restart of PostgreSQL', profile: 'postgres', isQuick: true, strike: restartPostgres },
  {
    name: 'promotion of an asynchronous standby',
    profile: 'postgres',
    options: { standby: 'asynchronous' },
    strike: promoteStandby,
  },
  {
    name: 'promotion of a synchronous standby',
    profile: 'postgres',
    options: { standby: 'synchronous' },
    strike: async (setting) => {
      await promoteStandby(setting)
      return {}
    },
  },
  {
    name: 'one node cut off from PostgreSQL',
    profile: 'postgres',
    strike: wires(
      (setting) => setting.wires[0]?.set('cut'),
      (setting) => setting.wires[0]?.set('open'),
      2 * TAU_MS,
    ),
  },
  {
    name: 'one node whose packets to PostgreSQL vanish',
    profile: 'postgres',
    isQuick: true,
    strike: wires(
      (setting) => setting.wires[0]?.set('black-hole'),
      (setting) => setting.wires[0]?.set('open'),
      2 * TAU_MS,
    ),
  },
  {
    name: 'PostgreSQL 300 ms away for all nodes',
    profile: 'postgres',
    strike: wires(
      (setting) => setting.wires.forEach((wire) => wire.delay(150)),
      (setting) => setting.wires.forEach((wire) => wire.delay(0)),
      3 * TAU_MS,
    ),
  },
  { name: 'clock of one node 1 h ahead', profile: 'postgres', ...clockOff('+1h') },
  { name: 'clock of one node 1 h behind', profile: 'postgres', ...clockOff('-1h') },
  { name: 'kill −9 of two nodes, one after the other', profile: 'postgres + redis', strike: killNode },
  { name: 'restart of Redis in good order', profile: 'postgres + redis', strike: restartRedis },
  { name: 'kill −9 and restart of Redis', profile: 'postgres + redis', isQuick: true, strike: killRedis },
  { name: 'Redis comes back empty', profile: 'postgres + redis', strike: emptyRedis },
  { name: 'immediate stop and restart of PostgreSQL', profile: 'postgres + redis', strike: restartPostgres },
  {
    name: 'primary killed while its replicas lag',
    profile: 'postgres + sentinel',
    strike: async ({ sentinel }) => {
      const primary = await must(sentinel).currentMaster()
      return killWithLag(
        primary,
        must(sentinel).nodes.filter((node) => node !== primary),
      )
    },
  },
  {
    name: 'primary killed while its replica lags',
    profile: 'postgres + cluster',
    strike: async ({ cluster }) => killWithLag(must(must(cluster).masters[0]), must(cluster).replicasOf(0)),
  },
]
