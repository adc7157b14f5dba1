import { hasRedis, type PostgresServer } from '@counterfoil/testbed'
import type { SuiteResult } from './finding.ts'
import { weighInPostgres, weighInRedis } from './stores/bytes.ts'
import { compareStores, type Filled } from './stores/checks.ts'
import { measureGrowth } from './stores/growth.ts'
import {
  openMemory,
  openPostgresDatabase,
  openRedis,
  openSqliteFile,
  startDurablePostgres,
  type Installation,
} from './stores/installations.ts'
import { measureNearCache } from './stores/near-cache.ts'
import { Population } from './stores/population.ts'
import { comparePostgresRotation, compareRedis, type Found, type Pace } from './stores/rotation.ts'

/** How much is measured. */
interface Extent extends Pace {
  readonly live: number
  readonly many: number
}

/** What the stores do: rotation, checks, room, growth, and what the near cache spares them. */
export async function benchStores(quick: boolean): Promise<SuiteResult> {
  if (!hasRedis()) throw new Error('this suite needs redis-server on PATH')
  const extent = quick
    ? { forMs: 500, rounds: 3, live: 10_000, many: 100_000 }
    : { forMs: 1_500, rounds: 5, live: 100_000, many: 1_000_000 }
  const server = await startDurablePostgres()
  try {
    const parts = [...(await measureSideBySide(server, extent)), await measureGrowth(server, extent.many, extent)]
    return {
      title: 'Stores',
      findings: parts.flatMap(({ findings }) => findings),
      remarks: [...REMARKS, ...parts.flatMap(({ remarks }) => remarks)],
    }
  } finally {
    await server.close()
  }
}

const REMARKS = [
  'Client, PostgreSQL and Redis share two processors. 64 calls in flight, rounds interleaved, the middle of them. SQLite and PostgreSQL flush every commit before they answer; Redis appends and flushes each second.',
  'The plain UPDATE writes the same columns of the same rows, and reads back one number where ours reads back the session.',
]

async function measureSideBySide(server: PostgresServer, { live, ...pace }: Extent): Promise<Found[]> {
  const [postgres, redis] = [await openPostgresDatabase(server), await openRedis()]
  const stores: readonly Installation[] = [openMemory(), await openSqliteFile(), postgres, redis]
  const filled: Filled[] = stores.map((installation) => ({
    installation,
    population: new Population(installation.sessions, live),
  }))
  const populationOf = (of: Installation): Population =>
    filled.find(({ installation }) => installation === of)?.population ?? new Population(of.sessions, live)
  try {
    const inRedis = await weighInRedis(redis, populationOf(redis), live)
    for (const { population } of filled) await population.grow(live - population.size)
    const inPostgres = await weighInPostgres(postgres, populationOf(postgres))
    return [
      await comparePostgresRotation(postgres, populationOf(postgres), pace),
      await compareRedis(redis, populationOf(redis), pace),
      await compareStores(filled, pace),
      await measureNearCache(postgres, pace),
      inRedis,
      { findings: [inPostgres], remarks: [] },
    ]
  } finally {
    for (const store of stores) await store.close()
  }
}
