import type { TomlTable } from 'smol-toml'
import { suggest, showKey } from './nearest.ts'
import { SettingError } from './setting-error.ts'
import { FILE_ONLY, SETTING_NAMES } from './settings.ts'
import { checkKeys, isTable } from './shape.ts'
import { POLICY_NAMES } from './wire-names.ts'

/** A value that somebody gave for a setting. */
export interface Given {
  readonly value: unknown
  /** The setting as messages name it. */
  readonly place: string
  /** The file or the environment variable. */
  readonly source: string
}

/** What was given, by name; settings of the policy are named `policy.access_token_seconds`. */
export type GivenSettings = ReadonlyMap<string, Given>

const POLICY_KEYS = [...POLICY_NAMES.keys()]
const TOP_LEVEL: readonly string[] = [...SETTING_NAMES, 'policy']

/** What a file gives. @throws {SettingError} when it gives something unknown. */
export function givenInFile(table: TomlTable, fileName: string): GivenSettings {
  const placeOf = (name: string): string => `${fileName}: ${name}`
  const entry = (name: string, value: unknown): [string, Given] => [
    name,
    { value, place: placeOf(name), source: fileName },
  ]
  checkKeys(table, TOP_LEVEL, placeOf, (key) => (POLICY_NAMES.has(key) ? 'it belongs below [policy]' : undefined))
  const { policy = {}, ...rest } = table
  if (!isTable(policy)) throw new SettingError(placeOf('policy'), 'must be a table: begin it with [policy]')
  checkKeys(
    policy,
    POLICY_KEYS,
    (key) => placeOf(`policy.${key}`),
    (key) => (TOP_LEVEL.includes(key) ? 'it belongs above [policy]' : undefined),
  )
  return new Map([
    ...Object.entries(rest).map(([name, value]) => entry(name, value)),
    ...Object.entries(policy).map(([name, value]) => entry(`policy.${name}`, value)),
  ])
}

const PREFIX = 'COUNTERFOIL_'

/** Variables of `counterfoil gateway`, which may stand in the same environment. */
export const GATEWAY_PREFIX = 'COUNTERFOIL_GATEWAY_'

/** `COUNTERFOIL_GATEWAY_ORIGINS` is there already, and means the pages that may use cookies at `counterfoil gateway`: neither may be taken for the other. */
const RENAMED: ReadonlyMap<string, string> = new Map([['gateway_origins', 'origins_of_gateways']])

/** Environment variables and the settings that they give. */
export const VARIABLES: ReadonlyMap<string, string> = new Map(
  [...SETTING_NAMES.filter((name) => !FILE_ONLY.includes(name)), ...POLICY_KEYS.map((name) => `policy.${name}`)].map(
    (name) => [PREFIX + (RENAMED.get(name) ?? name).replace('.', '_').toUpperCase(), name],
  ),
)

/** What the environment gives. @throws {SettingError} for a variable of ours that is none. */
export function givenInEnvironment(environment: Readonly<Record<string, string | undefined>>): GivenSettings {
  const given = new Map<string, Given>()
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || variable.startsWith(GATEWAY_PREFIX) || text === undefined) continue
    const name = VARIABLES.get(variable)
    if (name === undefined) throw new SettingError(showKey(variable), explainUnknown(variable))
    given.set(name, { value: readText(name, text), place: variable, source: variable })
  }
  return given
}

function explainUnknown(variable: string): string {
  const name = variable.slice(PREFIX.length).toLowerCase()
  if (FILE_ONLY.some((known) => known === name)) {
    return `cannot be given in the environment: write ${name === 'pages' ? '[pages]' : `[[${name}]]`} in a file, and start with --config`
  }
  if (name === 'config') return 'is not a setting: name the file with --config'
  return `is not a setting: ${suggest(variable, [...VARIABLES.keys()])}`
}

const LISTS: ReadonlySet<string> = new Set(['trusted_proxies', 'gateway_origins'])
const TRUTHS: ReadonlySet<string> = new Set(['database_pooled', 'unsafely_accept_redis_loss'])
const NUMBERS: ReadonlySet<string> = new Set(['database_connections', 'workers', 'drain_seconds'])

/** Environment variables are text; what is to be a number, a truth or a list is read as one, and left as it is where that fails. */
function readText(name: string, text: string): unknown {
  if (LISTS.has(name)) return text.trim() === '' ? [] : text.split(',').map((part) => part.trim())
  if (TRUTHS.has(name)) return /^(true|false)$/.test(text) ? text === 'true' : text
  const isNumber = NUMBERS.has(name) || (name.startsWith('policy.') && name !== 'policy.signing_algorithm')
  return isNumber && /^\d{1,15}$/.test(text) ? Number(text) : text
}
