import type { Finding } from '../finding.ts'
import type { PostgresInstallation, RedisInstallation } from './installations.ts'
import type { Population } from './population.ts'
import type { Found } from './rotation.ts'

const MOST_IN_REDIS = 600

/** What sessions take in Redis: the growth of its memory while they are started, over their number. */
export async function weighInRedis(redis: RedisInstallation, population: Population, count: number): Promise<Found> {
  const used = async (): Promise<number> => Number(await redis.server.info('used_memory'))
  const before = await used()
  await population.grow(count)
  const bytes = ((await used()) - before) / count
  const keys = await weighKeys(redis, population)
  const finding = { what: `a session in Redis, ${count} live`, unit: 'bytes', ours: bytes, lowerIsBetter: true }
  return {
    findings: [{ ...finding, peer: 'target', theirs: MOST_IN_REDIS, target: 1 }],
    remarks: [
      `Redis: growth of used_memory, with the list of its account (one session each), its part of the dictionaries, an address and a user agent of 111 characters; no attributes. MEMORY USAGE of the record's key alone: ${keys} bytes.`,
    ],
  }
}

async function weighKeys({ server }: RedisInstallation, population: Population): Promise<number> {
  const ids = population.sample(200)
  let bytes = 0
  for (const id of ids) bytes += Number(await server.call('MEMORY', 'USAGE', `cf:s:{${id}}`, 'SAMPLES', '0'))
  return Math.round(bytes / ids.length)
}

const RELATIONS = ['counterfoil_sessions', 'counterfoil_session_floors']

/** What sessions take in PostgreSQL: tables and indexes, over their number. */
export async function weighInPostgres({ pool }: PostgresInstallation, population: Population): Promise<Finding> {
  const sizes = RELATIONS.map((name) => `pg_total_relation_size('${name}')`).join(' + ')
  const { rows } = await pool.query<{ bytes: number }>(`SELECT (${sizes})::float8 AS bytes`)
  const bytes = (rows[0]?.bytes ?? Number.NaN) / population.size
  const what = `a session in PostgreSQL, ${population.size} live`
  return { what, unit: 'bytes', ours: bytes, peer: 'target in Redis', theirs: MOST_IN_REDIS, lowerIsBetter: true }
}
