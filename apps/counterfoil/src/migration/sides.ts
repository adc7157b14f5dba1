import { drawId, opensKeys, systemRandom, type StoredKey } from '@counterfoil/core'
import type { Configuration } from '../config/configuration.ts'
import { showDatabase, showSessionStore } from '../config/stores.ts'
import { CommandFailure } from '../failure.ts'
import { makeDataDir } from '../installation/data-dir.ts'
import { openInstallation, placeOf, secretPath } from '../installation/installation.ts'
import { readSecretFile } from '../installation/secret-file.ts'
import type { OpenDatabase } from '../installation/open-database.ts'
import { openStores } from '../installation/stores.ts'
import type { Log } from '../terminal/log.ts'
import { requireStopped } from './running.ts'
import type { Scope } from './sections.ts'

/** The data of one configuration. */
export interface OpenSide {
  readonly place: string
  readonly stores: OpenDatabase
}

/** Both sides, and what is to be copied between them. */
export interface OpenSides {
  readonly source: OpenSide
  readonly target: OpenSide
  readonly scope: Scope
  close(): Promise<void>
}

/** Variables that say the same for both sides, whatever the files say. */
const STORE_VARIABLES = ['COUNTERFOIL_DATABASE', 'COUNTERFOIL_DATA_DIR', 'COUNTERFOIL_SESSION_STORE']

/** Opens the data that is to be copied, beside a server that may be running. @throws {CommandFailure} */
export async function openSource(from: Configuration, log: Log): Promise<OpenSide> {
  const { stores, secret } = await openInstallation(from, { make: false, log, patient: false })
  try {
    if (!opensKeys(secret, await stores.database.listKeys()))
      throw new CommandFailure(`${nameSecret(from)} does not open the keys in ${placeOf(from)}: correct it in --from`)
    return { place: placeOf(from), stores }
  } catch (error) {
    await stores.close()
    throw error
  }
}

/** Opens both sides, if no server has. @throws {CommandFailure} also when the keys could not be opened where they are copied to. */
export async function openSides(from: Configuration, to: Configuration, log: Log): Promise<OpenSides> {
  if (nameStores(from) === nameStores(to)) throw sameData(from)
  await requireStopped(from.database)
  await requireStopped(to.database)
  const source = await openSource(from, log)
  let target: OpenSide | undefined
  const close = async (): Promise<void> => {
    await target?.stores.close()
    await source.stores.close()
  }
  try {
    requireSameSecret(from, to, await source.stores.database.listKeys())
    if (to.database.kind === 'sqlite') makeDataDir(to.dataDir)
    target = { place: placeOf(to), stores: await openStores(to, log) }
    const scope = await findScope(from, to, source, target)
    if (!scope.database && !scope.sessions) throw sameData(from)
    return { source, target, scope, close }
  } catch (error) {
    await close()
    throw error
  }
}

function nameStores({ database, sessionStore }: Configuration): string {
  return `${showDatabase(database)} ${showSessionStore(sessionStore)}`
}

function sameData(from: Configuration): CommandFailure {
  const variables = STORE_VARIABLES.filter((name) => process.env[name] !== undefined)
  const hint = variables.length === 0 ? '' : `; ${variables.join(', ')} wins over both files: unset it`
  return new CommandFailure(`--from and --to name the same data, ${placeOf(from)}${hint}`)
}

/** Two addresses may lead to one database, and one log is in one database: so what is remembered there shows on both sides. */
async function findScope(from: Configuration, to: Configuration, source: OpenSide, target: OpenSide): Promise<Scope> {
  const isOneDatabase = await isSame(source.stores, target.stores)
  const [old, next] = [showSessionStore(from.sessionStore), showSessionStore(to.sessionStore)]
  const isOneStore = old === next && (isOneDatabase || from.sessionStore.kind !== 'database')
  return { database: !isOneDatabase, sessions: !isOneStore }
}

async function isSame(source: OpenDatabase, target: OpenDatabase): Promise<boolean> {
  const [one, other] = [await source.log.head(), await target.log.head()]
  if (one.incarnation !== other.incarnation) return false
  const probe = drawId(systemRandom)
  await target.database.keepMark('migration probe', probe)
  return (await source.database.readMark('migration probe')) === probe
}

/** Keys are copied as they are sealed. */
function requireSameSecret(from: Configuration, to: Configuration, keys: readonly StoredKey[]): void {
  const secret = to.secret ?? (to.database.kind === 'sqlite' ? readSecretFile(secretPath(to)) : undefined)
  if (secret !== undefined && opensKeys(secret, keys)) return
  const what = secret === undefined ? 'is missing' : 'does not open the keys that are to be copied'
  throw new CommandFailure(`${nameSecret(to)} ${what}: ${howToShare(from, to)}`)
}

function howToShare(from: Configuration, to: Configuration): string {
  if (from.secret !== undefined) return `give --to the secret of --from, which is ${nameSecret(from)}`
  if (to.secret === undefined && to.database.kind === 'sqlite')
    return `copy the one of --from: cp -p ${secretPath(from)} ${secretPath(to)}`
  return `set it, or COUNTERFOIL_SECRET, to what is in ${secretPath(from)}`
}

function nameSecret(configuration: Configuration): string {
  const source = configuration.sources.get('secret')
  if (source !== undefined) return `secret (${source})`
  return configuration.database.kind === 'sqlite' ? secretPath(configuration) : 'secret'
}
