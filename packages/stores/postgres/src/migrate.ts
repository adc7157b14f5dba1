import { transactOnce } from './asking.ts'
import type { Ask, PostgresPool } from './client.ts'
import { PostgresOpenError } from './open-error.ts'
import { MIGRATIONS } from './schema.ts'

/** Nodes that start at once wait for one another under this number; any will do that nobody else takes. */
const LOCK = 4_846_001_337

/** The oldest version that has all that is leaned on. */
const OLDEST_VERSION = 140_000

/**
 * Brings a database to the present schema, in one transaction under a lock that ends with it. A database of a newer program is refused as it is.
 */
export async function migrate(pool: PostgresPool, steps: readonly string[] = MIGRATIONS): Promise<void> {
  await transactOnce(pool, async (ask) => {
    await requireVersion(ask)
    await ask('SELECT pg_advisory_xact_lock($1)', [LOCK])
    const taken = await stepsTaken(ask)
    if (taken > steps.length) {
      const schemas = `schema ${taken}; this one knows ${steps.length}`
      throw new PostgresOpenError('newer', `The database was written by a newer program (${schemas}): start that one.`)
    }
    for (const step of steps.slice(taken)) for (const statement of statementsOf(step)) await ask(statement)
    await ask('UPDATE counterfoil_schema SET steps = $1', [steps.length])
  })
}

async function requireVersion(ask: Ask): Promise<void> {
  const version = Number((await ask('SHOW server_version_num'))[0]?.[0])
  if (version >= OLDEST_VERSION) return
  const found = Math.floor(version / 10_000)
  throw new PostgresOpenError('unsuitable', `This is PostgreSQL ${found}; it must be 14 or later.`)
}

async function stepsTaken(ask: Ask): Promise<number> {
  await ask(
    'CREATE TABLE IF NOT EXISTS counterfoil_schema (id integer PRIMARY KEY CHECK (id = 1), steps integer NOT NULL)',
  )
  await ask('INSERT INTO counterfoil_schema VALUES (1, 0) ON CONFLICT (id) DO NOTHING')
  return Number((await ask('SELECT steps FROM counterfoil_schema FOR UPDATE'))[0]?.[0])
}

/** Only one statement can be sent with bound values at a time, and all are sent that way. */
function statementsOf(step: string): string[] {
  return step
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
