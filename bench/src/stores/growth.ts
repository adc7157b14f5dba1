import type { PostgresServer } from '@counterfoil/testbed'
import type { Finding } from '../finding.ts'
import type { Filled } from './checks.ts'
import { openMemory, openPostgresDatabase, openRedis, openSqliteFile, type Installation } from './installations.ts'
import { compare, loadOf, type Subject } from './load.ts'
import { Population } from './population.ts'
import type { Found, Pace } from './rotation.ts'

const FEW = 1_000

/** By how much the cost of an operation may grow: "at most three times" is a ratio of at least a third. */
const IN_MEMORY = 0.67
const ON_DISK = 0.33

/** What an operation costs with few live sessions and with many, in stores of their own that are kept busy in turn. */
export async function measureGrowth(postgres: PostgresServer, many: number, pace: Pace): Promise<Found> {
  const kinds = [
    { target: IN_MEMORY, open: async () => openMemory() },
    { target: ON_DISK, open: openSqliteFile },
    { target: ON_DISK, open: () => openPostgresDatabase(postgres) },
    { target: IN_MEMORY, open: openRedis },
  ]
  const findings: Finding[] = []
  for (const { target, open } of kinds) findings.push(...(await growthOf(open, target, many, pace)))
  return {
    findings,
    remarks: [`Growth: time per operation with 64 in flight, sessions in no order; few are ${FEW} live, many ${many}.`],
  }
}

async function growthOf(
  open: () => Promise<Installation>,
  target: number,
  many: number,
  pace: Pace,
): Promise<readonly Finding[]> {
  const stores: Filled[] = []
  try {
    for (const count of [FEW, many]) {
      const installation = await open()
      const population = new Population(installation.sessions, count)
      stores.push({ installation, population })
      await population.grow(count)
    }
    return await judge(stores, target, pace)
  } finally {
    for (const { installation } of stores) await installation.close()
  }
}

async function judge(stores: readonly Filled[], target: number, pace: Pace): Promise<readonly Finding[]> {
  const name = stores[0]?.installation.name ?? ''
  const findings: Finding[] = []
  for (const verb of ['find', 'rotate'] as const) {
    const subjects: Subject[] = stores.map(({ population }) => ({ name: `${population.size}`, act: population[verb] }))
    const loads = await compare(subjects, pace)
    const [few, many] = subjects.map((subject) => 1e6 / loadOf(loads, subject.name).perSecond)
    if (few === undefined || many === undefined) throw new Error('nothing was measured')
    const what = `${verb === 'find' ? 'check' : 'rotation'}, ${name}, ${subjects[1]?.name} live`
    findings.push({ what, unit: 'µs', ours: many, peer: `${FEW} live`, theirs: few, lowerIsBetter: true, target })
  }
  return findings
}
