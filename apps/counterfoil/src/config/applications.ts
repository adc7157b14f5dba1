import { createHash } from 'node:crypto'
import type { ApplicationSettings, Policy } from '@counterfoil/core'
import { STRATEGIES, type ApplicationId } from '@counterfoil/protocol'
import { PAGES_CLIENT_ID } from '@counterfoil/server'
import { readLifetimes } from './application-lifetimes.ts'
import { isLoopback, readOrigins } from './network.ts'
import { SettingError } from './setting-error.ts'
import type { SettingValue } from './settings.ts'

type ApplicationTable = SettingValue<'applications'>[number]

/** One application for each strategy, named after it. */
export const DEFAULT_APPLICATIONS: readonly ApplicationSettings[] = STRATEGIES.map((strategy) => ({
  id: strategy as string as ApplicationId,
  name: strategy,
  strategy,
  transport: 'body',
  audience: [],
  origins: [],
  redirectUris: [],
  lifetimes: {},
}))

/** The applications of a file. @throws {SettingError} */
export function readApplications(
  tables: readonly ApplicationTable[],
  place: string,
  policy: Policy,
): readonly ApplicationSettings[] {
  if (tables.length === 0) {
    throw new SettingError(place, 'is empty, so nobody could sign in: name one, or leave the key out')
  }
  refuseTwins(
    tables.map(({ id }) => id),
    (at) => `${place}[${at}].id`,
  )
  return tables.map((table, at) => readApplication(table, `${place}[${at}]`, policy))
}

function readApplication(table: ApplicationTable, place: string, policy: Policy): ApplicationSettings {
  const { id, strategy, secret } = table
  if (id === PAGES_CLIENT_ID)
    throw new SettingError(`${place}.id`, `must not be "${PAGES_CLIENT_ID}": that is the server's own`)
  for (const [at, uri] of (table.redirect_uris ?? []).entries()) checkRedirect(uri, `${place}.redirect_uris[${at}]`)
  if (table.requires_proof === true && strategy === 'stateful')
    throw new SettingError(`${place}.requires_proof`, 'is for stateless and hybrid: a session token is bound to no key')
  return {
    id: id as ApplicationId,
    name: table.name ?? id,
    strategy,
    transport: table.transport ?? 'body',
    audience: table.audience ?? [],
    origins: readOrigins(table.origins ?? [], `${place}.origins`),
    redirectUris: table.redirect_uris ?? [],
    secretHash: secret === undefined ? undefined : createHash('sha256').update(secret).digest('base64url'),
    ...(table.requires_proof !== undefined && { requiresProof: table.requires_proof }),
    lifetimes: readLifetimes(table, strategy, policy, place),
  }
}

/** RFC 6749 §3.1.2: absolute, without a fragment. */
function checkRedirect(text: string, place: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const scripted = url !== undefined && /^(javascript|data|vbscript|blob|about|file):$/.test(url.protocol)
  if (url === undefined || scripted || text.includes('#')) {
    throw new SettingError(place, 'must be an absolute URI without a fragment')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new SettingError(place, 'must not be http:// (that is for the loopback only)')
  }
}

/** Refuses the first value that is there twice. @throws {SettingError} */
export function refuseTwins(values: readonly string[], placeOf: (at: number) => string): void {
  for (const [at, value] of values.entries()) {
    const first = values.indexOf(value)
    if (first < at) throw new SettingError(placeOf(at), `must differ from that of number ${first} of the list`)
  }
}
