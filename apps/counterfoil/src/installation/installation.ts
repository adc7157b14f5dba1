import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createAuth, systemClock, systemRandom, WrongSecret, type Auth, type Database } from '@counterfoil/core'
import { openSqlite, type SqliteStores } from '@counterfoil/store-sqlite'
import type { Configuration } from '../config/configuration.ts'
import { CommandFailure } from '../failure.ts'
import { makeDataDir } from './data-dir.ts'
import { makeSecretFile, readSecretFile } from './secret-file.ts'

/** The data of a configuration, open: its stores, and the secret under which its keys are. */
export interface Installation {
  readonly stores: SqliteStores
  readonly secret: Uint8Array
}

/**
 * Opens the data that a configuration names. With `make` it is made where there is none; without, that is a failure.
 *
 * @throws {CommandFailure}
 * @throws {SqliteOpenError}
 */
export async function openInstallation(configuration: Configuration, make: boolean): Promise<Installation> {
  const { database, dataDir } = configuration
  if (!make && !existsSync(database)) {
    throw new CommandFailure(
      `there is no data at ${database} yet: run counterfoil serve once, or name its configuration with --config`,
    )
  }
  makeDataDir(dataDir)
  const stores = await openSqlite({ path: database })
  try {
    return { stores, secret: await findSecret(configuration, stores.database) }
  } catch (error) {
    await stores.close()
    throw error
  }
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
    `${path} is missing, and the keys in ${configuration.database} open with nothing else: put it back, or set COUNTERFOIL_SECRET`,
  )
}

/** Where the secret is that nobody configured. */
export function secretPath({ dataDir }: Configuration): string {
  return join(dataDir, 'secret')
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
      `${name} does not open the keys in ${configuration.database}: give the secret that they were made under`,
    )
  }
}

/** Does something with the issuer's use cases on the data of a configuration, beside a server that may be running. */
export async function withAuth<Result>(
  configuration: Configuration,
  make: boolean,
  act: (auth: Auth, database: Database) => Promise<Result>,
): Promise<Result> {
  const { stores, secret } = await openInstallation(configuration, make)
  const { database, sessions, log } = stores
  const { issuer, policy } = configuration
  try {
    const auth = await underSecret(configuration, () =>
      createAuth({ issuer, database, sessions, log, secret, policy, clock: systemClock, random: systemRandom }),
    )
    return await act(auth, database)
  } finally {
    await stores.close()
  }
}
