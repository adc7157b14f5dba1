import { hasRedis, startPostgres, type PostgresServer } from '@counterfoil/testbed'
import { startCounterfoil, type Counterfoil } from './counterfoil.ts'
import { median, type Finding, type SuiteResult } from './finding.ts'
import { getting, refreshing, type Subject } from './http.ts'
import { startRedis } from './redis.ts'

const REFRESHERS = 64
const SIGNING_IN = 8
const SQLITE = 'SQLite'
const MANY_NODES = 'PostgreSQL + Redis'

/** What a server did in one run. */
interface Served {
  readonly perSecond: number
  /** User and system time of all its processes per request, in microseconds. */
  readonly cpuMicros: number
}

/** A server, and what can be asked of it. */
interface Node {
  readonly name: string
  readonly server: Counterfoil
  readonly loads: Readonly<Record<Request, Subject['load']>>
}

type Request = 'sign-in' | 'refresh' | 'stateful check'

const REQUESTS: readonly Request[] = ['sign-in', 'refresh', 'stateful check']

/** What requests cost over each store, and what a second worker brings. */
export async function benchNodes(quick: boolean): Promise<SuiteResult> {
  if (!hasRedis()) throw new Error('this suite needs redis-server on PATH')
  const pace = quick ? { forMs: 1000, rounds: 1 } : { forMs: 3000, rounds: 5 }
  const [postgres, redis] = [await startPostgres(), await startRedis()]
  try {
    const over = async (what: 'database' | 'redis'): Promise<string[]> => [
      `database = "${await databaseOn(postgres)}"`,
      'secret = "a secret of the benchmark, long enough"',
      ...(what === 'redis' && redis !== undefined ? [`session_store = "${redis.url}"`] : []),
    ]
    const shared = await over('redis')
    const stores = await compareNodes(
      [
        { name: SQLITE, lines: [], isPinned: true },
        { name: 'PostgreSQL', lines: await over('database'), isPinned: true },
        { name: MANY_NODES, lines: shared, isPinned: true },
      ],
      REQUESTS,
      pace,
    )
    const workers = await compareNodes(
      [1, 2].map((count) => ({
        name: `${count}`,
        lines: [...shared, `workers = ${count}`],
        isPinned: false,
      })),
      ['refresh', 'stateful check'],
      pace,
    )
    return {
      title: 'Nodes: requests per store and per worker',
      findings: [...findingsOfStores(stores), ...findingsOfWorkers(workers)],
      remarks: REMARKS,
    }
  } finally {
    await redis?.stop()
    await postgres.close()
  }
}

const REMARKS = [
  `\`counterfoil serve\`, CPU of all its processes per request, ${REFRESHERS} connections refresh, 16 check, ${SIGNING_IN} sign in. Per store: the server on one processor, load generator, PostgreSQL and Redis wherever there is room.`,
  'Workers: not pinned. Two processors are shared by the workers, the load generator, PostgreSQL and Redis, so that requests/s cannot double here; CPU per request says what a second worker costs, and the rest is for a larger machine.',
  'A sign-in is one Argon2id hash at the default cost (19 MiB, 2 passes) and what is written for it.',
]

async function databaseOn(postgres: PostgresServer): Promise<string> {
  return postgres.url(await postgres.createDatabase())
}

interface NodeSettings {
  readonly name: string
  readonly lines: readonly string[]
  readonly isPinned: boolean
}

async function compareNodes(
  settings: readonly NodeSettings[],
  requests: readonly Request[],
  pace: { readonly forMs: number; readonly rounds: number },
): Promise<ReadonlyMap<string, Served>> {
  const nodes: Node[] = []
  try {
    for (const { name, lines, isPinned } of settings)
      nodes.push(await prepare(name, await startCounterfoil(lines, { isPinned })))
    const served = new Map<string, Served>()
    for (const request of requests) {
      const found = await measure(nodes, request, pace)
      for (const [name, what] of found) served.set(`${request}, ${name}`, what)
    }
    return served
  } finally {
    for (const { server } of nodes) await server.stop()
  }
}

async function prepare(name: string, server: Counterfoil): Promise<Node> {
  const token = (await server.signIn('stateful'))['session_token'] ?? ''
  const tokens: string[] = []
  for (let at = 0; at < REFRESHERS; at++) tokens.push((await server.signIn('hybrid'))['refresh_token'] ?? '')
  return {
    name,
    server,
    loads: {
      'sign-in': signingIn(server),
      refresh: refreshing(`${server.url}/oauth/token`, 'hybrid', tokens),
      'stateful check': getting(`${server.url}/sessions/current`, { authorization: `Bearer ${token}` }),
    },
  }
}

function signingIn(server: Counterfoil): Subject['load'] {
  return async (forMs) => {
    const began = performance.now()
    let done = 0
    const caller = async (): Promise<void> => {
      while (performance.now() - began < forMs) {
        const answer = await server.signIn('hybrid')
        if (answer['refresh_token'] === undefined) throw new Error(JSON.stringify(answer))
        done++
      }
    }
    await Promise.all(Array.from({ length: SIGNING_IN }, caller))
    return done
  }
}

/** In interleaved rounds; the middle of them. The first warms up. */
async function measure(
  nodes: readonly Node[],
  request: Request,
  { forMs, rounds }: { readonly forMs: number; readonly rounds: number },
): Promise<ReadonlyMap<string, Served>> {
  const all = new Map<string, Served[]>(nodes.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, server, loads } of nodes) {
      const [before, began] = [server.cpuMicros(), performance.now()]
      const requests = await loads[request](forMs)
      const perSecond = requests / ((performance.now() - began) / 1000)
      if (round > 0) all.get(name)?.push({ perSecond, cpuMicros: (server.cpuMicros() - before) / requests })
    }
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  return new Map([...all].map(([name, served]) => [name, middleOf(served)]))
}

function middleOf(served: readonly Served[]): Served {
  return {
    perSecond: median(served.map(({ perSecond }) => perSecond)),
    cpuMicros: median(served.map(({ cpuMicros }) => cpuMicros)),
  }
}

/** Two lines of the table: requests per second, and CPU per request. */
function compareServed(what: string, ours: Served | undefined, peer: string, theirs: Served | undefined): Finding[] {
  if (ours === undefined || theirs === undefined) return []
  return [
    { what, unit: '/s', ours: ours.perSecond, peer, theirs: theirs.perSecond },
    { what: `${what}: CPU`, unit: 'µs', lowerIsBetter: true, ours: ours.cpuMicros, peer, theirs: theirs.cpuMicros },
  ]
}

function findingsOfStores(served: ReadonlyMap<string, Served>): Finding[] {
  return REQUESTS.flatMap((request) =>
    ['PostgreSQL', MANY_NODES].flatMap((name) => {
      const [ours, theirs] = [served.get(`${request}, ${name}`), served.get(`${request}, ${SQLITE}`)]
      return compareServed(`${request}, ${name}`, ours, `the same, ${SQLITE}`, theirs)
    }),
  )
}

function findingsOfWorkers(served: ReadonlyMap<string, Served>): Finding[] {
  return (['refresh', 'stateful check'] as const).flatMap((request) =>
    compareServed(
      `${request}, 2 workers`,
      served.get(`${request}, 2`),
      'the same, 1 worker',
      served.get(`${request}, 1`),
    ),
  )
}
