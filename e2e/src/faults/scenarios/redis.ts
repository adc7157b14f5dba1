import type { RedisServer } from '@counterfoil/testbed'
import { during, must, pause, TAU_MS, type Damage, type Scenario } from '../scenario.ts'
import type { Setting } from '../setting.ts'

/** Writes of so long before a server died may be lost: what its replicas lagged, or what it had not yet written to disk. */
const LOSS_MS = 200

const restart: Scenario['strike'] = async ({ redis }) => {
  await must(redis).stop()
  await pause(1000)
  await must(redis).start()
  return {}
}

/** A process that is killed loses nothing that it has handed to the system; only the machine would. */
const kill: Scenario['strike'] = async ({ redis }) => {
  await must(redis).kill()
  await pause(500)
  await must(redis).start()
  return {}
}

const empty: Scenario['strike'] = async ({ redis }) => {
  await must(redis).kill()
  must(redis).wipe()
  const emptiedAt = performance.now()
  await must(redis).start()
  return { emptiedAt }
}

/** A node that is started meanwhile keeps no sessions there, and says why. */
const evict: Scenario['strike'] = async ({ redis, nodes }) => {
  await must(redis).call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  const node = must(nodes.at(-1))
  await node.kill()
  node.launch()
  const code = await node.ended()
  const isRefused = code !== 0 && node.output.includes('maxmemory-policy allkeys-lru')
  await must(redis).call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await node.start()
  return isRefused
    ? {}
    : { findings: [`a node took an evicting Redis: it exited with ${code}, and said ${node.output}`] }
}

/** What a primary wrote last has not come to its replicas when it dies. */
async function killWithLag(primary: RedisServer, replicas: readonly RedisServer[]): Promise<Damage> {
  for (const replica of replicas) replica.pause()
  // What is on its way already would be read when they wake.
  const from = performance.now()
  await primary.call('CLIENT', 'KILL', 'TYPE', 'replica')
  await pause(400)
  await primary.kill()
  const to = performance.now()
  for (const replica of replicas) replica.resume()
  await pause(4000)
  return { mayLose: { from: from - LOSS_MS, to } }
}

const failOverSentinel: Scenario['strike'] = async ({ sentinel }) => {
  const primary = await must(sentinel).currentMaster()
  return killWithLag(
    primary,
    must(sentinel).nodes.filter((node) => node !== primary),
  )
}

const failOverCluster: Scenario['strike'] = async ({ cluster }) =>
  killWithLag(must(must(cluster).masters[0]), must(cluster).replicasOf(0))

const eachWire =
  (act: (wire: Setting['redisWires'][number]) => void) =>
  ({ redisWires }: Setting): void =>
    redisWires.forEach(act)

/** Faults of Redis as the session store, and of the way there. */
export const REDIS_SCENARIOS: readonly Scenario[] = [
  { name: 'restart of Redis in good order', profile: 'postgres + redis', strike: restart },
  { name: 'kill −9 and restart of Redis', profile: 'postgres + redis', isQuick: true, strike: kill },
  { name: 'Redis comes back empty', profile: 'postgres + redis', strike: empty },
  { name: 'a node starts while Redis evicts: it refuses', profile: 'postgres + redis', strike: evict },
  {
    name: 'SIGSTOP of Redis for 2τ',
    profile: 'postgres + redis',
    strike: during(
      2 * TAU_MS,
      ({ redis }) => redis?.pause(),
      ({ redis }) => redis?.resume(),
    ),
  },
  {
    name: 'one node cut off from Redis for 2τ',
    profile: 'postgres + redis',
    strike: during(
      2 * TAU_MS,
      ({ redisWires }) => redisWires[0]?.set('cut'),
      ({ redisWires }) => redisWires[0]?.set('open'),
    ),
  },
  {
    name: 'one node whose packets to and from Redis vanish for 2τ',
    profile: 'postgres + redis',
    strike: during(
      2 * TAU_MS,
      ({ redisWires }) => redisWires[0]?.set('black-hole'),
      ({ redisWires }) => redisWires[0]?.set('open'),
    ),
  },
  {
    name: 'all connections to Redis half-open',
    profile: 'postgres + redis',
    strike: during(
      2 * TAU_MS,
      eachWire((wire) => wire.strand()),
      () => undefined,
    ),
  },
  {
    name: 'Redis 300 ms away for all nodes',
    profile: 'postgres + redis',
    strike: during(
      3 * TAU_MS,
      eachWire((wire) => wire.delay(150)),
      eachWire((wire) => wire.delay(0)),
    ),
  },
  { name: 'primary killed while its replicas lag', profile: 'postgres + sentinel', strike: failOverSentinel },
  { name: 'primary killed while its replica lags', profile: 'postgres + cluster', strike: failOverCluster },
]
