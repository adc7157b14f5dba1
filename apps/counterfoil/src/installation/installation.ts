import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createAuth, systemClock, systemRandom, WrongSecret, type Auth, type Database } from '@counterfoil/core'
import type { Configuration } from '../config/configuration.ts'
import { showDatabase } from '../config/stores.ts'
import { CommandFailure } from '../failure.ts'
import { requireWhole } from '../migration/mark.ts'
import { createLog, type Log } from '../terminal/log.ts'
import { makeDataDir } from './data-dir.ts'
import { patiently } from './patience.ts'
import { makeSecretFile, readSecretFile } from './secret-file.ts'
import type { OpenDatabase } from './open-database.ts'
import { openStores } from './stores.ts'

/** The data of a configuration, open: its stores, and the secret under which its keys are. */
export interface Installation {
  readonly stores: OpenDatabase
  readonly secret: Uint8Array
}

/** How to open an installation. */
export interface Opening {
  /** Whether data is made where there is none; else that is a failure. */
  readonly make: boolean
  readonly log: Log
  /** Whether to wait a while for stores that may just be starting. */
  readonly patient: boolean
}

/**
 * Opens the data that a configuration names.
 *
 * @throws {CommandFailure}
 * @throws {SqliteOpenError}
 */
export async function openInstallation(
  configuration: Configuration,
  { make, log, patient }: Opening,
): Promise<Installation> {
  const { database, dataDir, secret } = configuration
  if (database.kind === 'postgres') requireSecret(secret)
  else if (make || existsSync(database.path)) makeDataDir(dataDir)
  else throw noDataYet(configuration)
  const open = (): Promise<OpenDatabase> => openStores(configuration, log)
  const stores = patient ? await patiently(open, { log }) : await open()
  try {
    await requireWhole(stores.database, configuration)
    if (!make && (await stores.database.listKeys()).length === 0) throw noDataYet(configuration)
    return { stores, secret: await findSecret(configuration, stores.database) }
  } catch (error) {
    await stores.close()
    throw error
  }
}

function noDataYet(configuration: Configuration): CommandFailure {
  return new CommandFailure(
    `there is no data at ${placeOf(configuration)} yet: run counterfoil serve once, or name its configuration with --config`,
  )
}

/** Nodes of several machines have no folder in common. */
function requireSecret(secret: Uint8Array | undefined): void {
  if (secret !== undefined) return
  throw new CommandFailure(
    'secret is missing: all that use one PostgreSQL database need the same one, so set COUNTERFOIL_SECRET; this makes a good one: openssl rand -base64 32',
  )
}

async function findSecret(configuration: Configuration, database: Database): Promise<Uint8Array> {
  if (configuration.secret !== undefined) return configuration.secret
  // The keys first: whoever has made some by now has made the file before.
  const keys = await database.listKeys()
  const path = secretPath(configuration)
  const secret = readSecretFile(path)
  if (secret !== undefined) return secret
  if (keys.length === 0) return makeSecretFile(path)
  throw new CommandFailure(
    `${path} is missing, and the keys in ${placeOf(configuration)} open with nothing else: put it back, or set COUNTERFOIL_SECRET`,
  )
}

/** Where the secret is that nobody configured. */
export function secretPath({ dataDir }: Configuration): string {
  return join(dataDir, 'secret')
}

/** What people call the place of the data: a file by its path. */
export function placeOf({ database }: Configuration): string {
  return database.kind === 'sqlite' ? database.path : showDatabase(database)
}

/** Does something with the secret; where it does not open the keys, says which secret that was. @throws {CommandFailure} */
export async function underSecret<Result>(configuration: Configuration, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof WrongSecret)) throw error
    const source = configuration.sources.get('secret')
    const name = source === undefined ? secretPath(configuration) : `secret (${source})`
    throw new CommandFailure(
      `${name} does not open the keys in ${placeOf(configuration)}: give the secret that they were made under`,
    )
  }
}

/** Does something with the issuer's use cases on the data of a configuration, beside a server that may be running. */
export async function withAuth<Result>(
  configuration: Configuration,
  make: boolean,
  act: (auth: Auth, database: Database) => Promise<Result>,
): Promise<Result> {
  // What a command has to say goes to its own output.
  const log = createLog('silent')
  const { stores, secret } = await openInstallation(configuration, { make, log, patient: false })
  const { database, sessions, log: revocations } = stores
  const { issuer, policy } = configuration
  const parts = { issuer, database, sessions, log: revocations, secret, policy }
  try {
    const auth = await underSecret(configuration, () =>
      createAuth({ ...parts, clock: systemClock, random: systemRandom }),
    )
    return await act(auth, database)
  } finally {
    await stores.close()
  }
}
