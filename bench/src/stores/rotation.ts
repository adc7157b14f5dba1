import type { Finding } from '../finding.ts'
import { POOL_SIZE, type PostgresInstallation, type RedisInstallation } from './installations.ts'
import { compare, IN_FLIGHT, loadOf, type Subject } from './load.ts'
import type { Population } from './population.ts'

/** How long is measured, and how often. */
export interface Pace {
  readonly forMs: number
  readonly rounds: number
}

/** What was found, and what belongs beside the table. */
export interface Found {
  readonly findings: readonly Finding[]
  readonly remarks: readonly string[]
}

/** What one who has no joined statements sends: the same columns of the same table, in one statement that decides by its WHERE. */
const PLAIN = `UPDATE counterfoil_sessions SET generation = generation + 1, seen_at = $3, idle_expires_at = $4,
    rotated_at = $3, rotated_address = $5, rotated_user_agent = $6
  WHERE id = $1 AND generation = $2 RETURNING generation`

function plainly({ pool }: PostgresInstallation, population: Population, name: string | undefined): Subject['act'] {
  return async () => {
    const { id, from, at } = population.due()
    const values = [id, from, at.now, at.idleExpiresAt, at.use.address, at.use.userAgent]
    const { rowCount } = await pool.query({ text: PLAIN, values, ...(name !== undefined && { name }) })
    if (rowCount !== 1) throw new Error('a rotation was lost')
  }
}

/** Bytes of log that PostgreSQL has written since it was made. */
async function readLogBytes({ pool }: PostgresInstallation): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(`SELECT (pg_current_wal_lsn() - '0/0')::float8 AS bytes`)
  return rows[0]?.bytes ?? Number.NaN
}

/** Durable rotation in PostgreSQL: joined statements against a statement each, on the same table. */
export async function comparePostgresRotation(
  postgres: PostgresInstallation,
  population: Population,
  pace: Pace,
): Promise<Found> {
  const { storeCpuMicros } = postgres
  const subjects = [
    { name: 'ours', storeCpuMicros, act: population.rotate },
    { name: 'plain', storeCpuMicros, act: plainly(postgres, population, undefined) },
    { name: 'prepared', storeCpuMicros, act: plainly(postgres, population, 'advance') },
  ]
  const loads = await compare(subjects, pace)
  const [ours, plain, prepared] = ['ours', 'plain', 'prepared'].map((name) => loadOf(loads, name))
  if (ours === undefined || plain === undefined || prepared === undefined) throw new Error('nothing was measured')
  const what = `rotation, PostgreSQL, ${population.size} sessions`
  const peer = `pg, pool ${POOL_SIZE}, UPDATE each`
  const cpu = { unit: 'µs', lowerIsBetter: true }
  return {
    findings: [
      { what, unit: '/s', ours: ours.perSecond, peer, theirs: plain.perSecond, target: 3 },
      { what, unit: '/s', ours: ours.perSecond, peer: `${peer}, prepared`, theirs: prepared.perSecond },
      { what: `${what}: CPU of Node`, ...cpu, ours: ours.cpuMicros, peer, theirs: plain.cpuMicros },
      { what: `${what}: CPU of PostgreSQL`, ...cpu, ours: ours.storeCpuMicros, peer, theirs: plain.storeCpuMicros },
    ],
    remarks: [await remarkOnLog(postgres, population)],
  }
}

async function remarkOnLog(postgres: PostgresInstallation, population: Population): Promise<string> {
  const count = 5_000
  const before = await readLogBytes(postgres)
  for (let done = 0; done < count; done += IN_FLIGHT)
    await Promise.all(Array.from({ length: IN_FLIGHT }, population.rotate))
  const rotations = Math.ceil(count / IN_FLIGHT) * IN_FLIGHT
  const bytes = Math.round((await readLogBytes(postgres)) - before) / rotations
  return `A rotation writes ${Math.round(bytes)} bytes of PostgreSQL's log (pages that are written whole after a checkpoint included).`
}

/** The least that a rotation can be: a number compared and raised, an instant, an expiry. */
const BARE = `if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'seen', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`

/** Rotation and finding in Redis, against the least that a client can ask of it. */
export async function compareRedis(redis: RedisInstallation, population: Population, pace: Pace): Promise<Found> {
  const { client, storeCpuMicros } = redis
  const sha = await client.scriptLoad(BARE)
  const key = (id: string): string => `bare:{${id}}`
  const bare = await fillBare(redis, population, key)
  const rotateBare = async (): Promise<void> => {
    const index = bare.turn++ % bare.ids.length
    const from = bare.generations[index] ?? 0
    bare.generations[index] = from + 1
    const options = {
      keys: [key(bare.ids[index] ?? '')],
      arguments: [`${from}`, `${from + 1}`, `${Date.now()}`, '86400000'],
    }
    if ((await client.evalSha(sha, options)) !== 1) throw new Error('a rotation was lost')
  }
  const getBare = async (): Promise<void> => {
    const found = await client.hGetAll(key(bare.ids[bare.turn++ % bare.ids.length] ?? ''))
    if (found['generation'] === undefined) throw new Error('a session was lost')
  }
  const subjects: Subject[] = [
    { name: 'rotation', storeCpuMicros, act: population.rotate },
    { name: 'bare script', storeCpuMicros, act: rotateBare },
    { name: 'find', storeCpuMicros, act: population.find },
    { name: 'HGETALL', storeCpuMicros, act: getBare },
  ]
  const loads = await compare(subjects, pace)
  const lines = [
    ['rotation', 'bare script'],
    ['find', 'HGETALL'],
  ] as const
  const findings = lines.flatMap(([name, peer]): Finding[] => {
    const [ours, theirs] = [loadOf(loads, name), loadOf(loads, peer)]
    const what = `${name}, Redis, ${population.size} sessions`
    return [
      { what, unit: '/s', ours: ours.perSecond, peer, theirs: theirs.perSecond },
      {
        what: `${what}: CPU of Node`,
        unit: 'µs',
        lowerIsBetter: true,
        ours: ours.cpuMicros,
        peer,
        theirs: theirs.cpuMicros,
      },
      {
        what: `${what}: CPU of Redis`,
        unit: 'µs',
        lowerIsBetter: true,
        ours: ours.storeCpuMicros,
        peer,
        theirs: theirs.storeCpuMicros,
      },
    ]
  })
  return { findings, remarks: [] }
}

interface BareSessions {
  readonly ids: readonly string[]
  readonly generations: number[]
  turn: number
}

async function fillBare(
  { client }: RedisInstallation,
  population: Population,
  key: (id: string) => string,
): Promise<BareSessions> {
  const ids = population.sample(10_000)
  for (const id of ids) await client.hSet(key(id), { generation: '0', seen: `${Date.now()}`, account: id })
  return { ids, generations: ids.map(() => 0), turn: 0 }
}
