import type { Database } from '@counterfoil/core'
import type { Configuration } from '../config/configuration.ts'
import { showDatabase, showSessionStore } from '../config/stores.ts'
import { CommandFailure } from '../failure.ts'
import type { SectionName } from './sections.ts'

/** Where copying goes on. */
export interface CopyingPlace {
  readonly section: SectionName
  /** As `Section.read` takes it. */
  readonly from: string | undefined
}

/** What a database remembers of the data that is copied into it. */
export interface MigrationMark {
  /** The incarnation of the log that is copied: it names the source. */
  readonly source: string
  readonly state: 'copying' | 'done'
  /** Where only sessions move: the store that they move to. */
  readonly sessionStore?: string | undefined
  readonly place?: CopyingPlace | undefined
  /** When it began, or was done. */
  readonly at: number
}

const NAME = 'migration'

/** What the database remembers, or undefined where nothing was ever copied into it. */
export async function readMigrationMark(database: Pick<Database, 'readMark'>): Promise<MigrationMark | undefined> {
  const text = await database.readMark(NAME)
  return text === undefined ? undefined : (JSON.parse(text) as MigrationMark)
}

/** Has the database remember. */
export function keepMigrationMark(database: Pick<Database, 'keepMark'>, mark: MigrationMark): Promise<void> {
  return database.keepMark(NAME, JSON.stringify(mark))
}

/**
 * Refuses data that is copied only in part, and sessions in a place that they have been moved away from. To be called whenever the data of a
 * configuration is opened for anything but copying.
 *
 * @throws {CommandFailure}
 */
export async function requireWhole(
  database: Pick<Database, 'readMark'>,
  configuration: Pick<Configuration, 'database' | 'sessionStore'>,
): Promise<void> {
  const mark = await readMigrationMark(database)
  if (mark === undefined) return
  const isTarget = mark.sessionStore === undefined || mark.sessionStore === showSessionStore(configuration.sessionStore)
  const place = showDatabase(configuration.database)
  if (isTarget && mark.state === 'copying')
    throw new CommandFailure(
      `${place} has been copied only in part: run counterfoil migrate again, with the same two files, to the end`,
    )
  if (!isTarget && mark.state === 'done')
    throw new CommandFailure(`the sessions of ${place} were moved to ${mark.sessionStore}: set session_store to that`)
}
