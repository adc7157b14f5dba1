import { drawId } from '@counterfoil/core'
import type { Random } from '@counterfoil/core'
import type { Ask } from './client.ts'

/**
 * How statements tell which history of the database they write. A standby that is promoted, and a server that is restored from a backup, begin a
 * new timeline: then the log may have lost its end.
 */
export interface Timeline {
  /** An expression of SQL; the empty text where the database tells nothing. */
  readonly present: string
}

/** A copy of a database has a number of its own, and a copy of a server another identifier. */
const DATABASE_NUMBER = '(SELECT oid::text FROM pg_database WHERE datname = current_database())'
const SERVER_AND_DATABASE = `(SELECT system_identifier::text FROM pg_control_system()) || ' ' || ${DATABASE_NUMBER}`
const WAL_TIMELINE = 'substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)'

/** Finds out what the database tells, and begins a new incarnation of the log when this is not the history that it was written in. */
export async function beginTimeline(ask: Ask, random: Random): Promise<Timeline> {
  const present = await firstKnown(ask, [WAL_TIMELINE])
  const system = await firstKnown(ask, [SERVER_AND_DATABASE, DATABASE_NUMBER])
  await ask(
    `UPDATE counterfoil_installation SET incarnation = $1, timeline = ${present}, system = ${system}
     WHERE timeline <> ${present} OR system <> ${system} OR incarnation = ''`,
    [drawId(random)],
  )
  return { present }
}

/** Databases that speak PostgreSQL's language, and services that hide some of it, do not know all of these: they keep what was committed. */
async function firstKnown(ask: Ask, expressions: readonly string[]): Promise<string> {
  for (const expression of expressions) {
    const isKnown = await ask(`SELECT ${expression}`).then(
      () => true,
      () => false,
    )
    if (isKnown) return expression
  }
  return "''"
}
