import { during, must, pause, TAU_MS, type Scenario } from '../scenario.ts'

const restart: Scenario['strike'] = async ({ postgres }) => {
  await must(postgres).stop('immediate')
  await pause(1500)
  await must(postgres).start()
  return {}
}

/** How far behind the standby is when the primary dies. */
const LAG_MS = 300

/** The primary is gone, and its standby takes its place; all nodes are led there. What the primary sent last is lost on the way. */
function promote({ isLossy }: { readonly isLossy: boolean }): Scenario['strike'] {
  return async ({ postgres, standby, standbyWire, wires }) => {
    must(standbyWire).delay(isLossy ? LAG_MS : 20)
    await pause(1000)
    const from = performance.now() - 2 * LAG_MS
    await must(postgres).kill()
    const to = performance.now()
    await must(standby).promote()
    for (const wire of wires) wire.leadTo(must(standby).server.port)
    return isLossy ? { mayLose: { from, to, isDurable: true } } : {}
  }
}

/** After ten seconds without an answer a node gives a connection up. */
const GIVEN_UP_MS = 11_000

/** Faults of the database, and of the way there. */
export const POSTGRES_SCENARIOS: readonly Scenario[] = [
  { name: 'immediate stop and restart of PostgreSQL', profile: 'postgres', isQuick: true, strike: restart },
  { name: 'immediate stop and restart of PostgreSQL', profile: 'postgres + redis', strike: restart },
  {
    name: `promotion of an asynchronous standby that is ${LAG_MS} ms behind`,
    profile: 'postgres',
    options: { standby: 'asynchronous' },
    strike: promote({ isLossy: true }),
  },
  {
    name: 'promotion of a synchronous standby',
    profile: 'postgres',
    options: { standby: 'synchronous' },
    strike: promote({ isLossy: false }),
  },
  {
    name: 'one node cut off from PostgreSQL for 2τ',
    profile: 'postgres',
    strike: during(
      2 * TAU_MS,
      ({ wires }) => wires[0]?.set('cut'),
      ({ wires }) => wires[0]?.set('open'),
    ),
  },
  {
    name: 'one node whose packets to and from PostgreSQL vanish for 2τ',
    profile: 'postgres',
    strike: during(
      2 * TAU_MS,
      ({ wires }) => wires[0]?.set('black-hole'),
      ({ wires }) => wires[0]?.set('open'),
    ),
  },
  {
    name: 'all nodes, whose answers from PostgreSQL vanish for 2τ',
    profile: 'postgres',
    strike: during(
      2 * TAU_MS,
      ({ wires }) => wires.forEach((wire) => wire.set('mute')),
      ({ wires }) => wires.forEach((wire) => wire.set('open')),
    ),
  },
  {
    name: 'all connections to PostgreSQL half-open',
    profile: 'postgres',
    strike: during(
      GIVEN_UP_MS,
      ({ wires }) => wires.forEach((wire) => wire.strand()),
      () => undefined,
    ),
  },
  {
    name: 'PostgreSQL 300 ms away for all nodes',
    profile: 'postgres',
    strike: during(
      3 * TAU_MS,
      ({ wires }) => wires.forEach((wire) => wire.delay(150)),
      ({ wires }) => wires.forEach((wire) => wire.delay(0)),
    ),
  },
  {
    name: '20 kB/s to and from PostgreSQL for all nodes',
    profile: 'postgres',
    strike: during(
      3 * TAU_MS,
      ({ wires }) => wires.forEach((wire) => wire.throttle(20_000)),
      ({ wires }) => wires.forEach((wire) => wire.throttle(Infinity)),
    ),
  },
]
