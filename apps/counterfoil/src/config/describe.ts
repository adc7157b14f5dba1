import type { ApplicationSettings } from '@counterfoil/core'
import { stringify } from 'smol-toml'
import type { Configuration } from './configuration.ts'
import { showListen } from './network.ts'
import { HIDDEN_PASSWORD, toOneLine } from './quoting.ts'
import { showDatabase, showSessionStore } from './stores.ts'
import { POLICY_NAMES } from './wire-names.ts'

/** One line of the description: TOML, and where the value comes from. */
interface Line {
  readonly toml: string
  readonly source: string
}

const HIDDEN = `"${HIDDEN_PASSWORD}"`

/**
 * What is in force, as TOML with the source of each value behind it. Secrets are masked, in comments, so the text can be
 * saved as a file and completed by hand.
 */
export function describeConfiguration(configuration: Configuration): string {
  const sourceOf = (name: string): string => toOneLine(configuration.sources.get(name) ?? 'default')
  const tables = (name: 'applications' | 'verifiers', described: readonly string[]): readonly string[] =>
    described.map((table) => `[[${name}]]  # ${sourceOf(name)}\n${table}`)
  return [
    layOut(topLevelLines(configuration, sourceOf)),
    `[policy]\n${layOut(policyLines(configuration, sourceOf))}`,
    `[pages]  # ${sourceOf('pages')}\n${describePages(configuration)}`,
    ...tables('applications', configuration.applications.map(describeApplication)),
    ...tables(
      'verifiers',
      configuration.verifiers.map(({ name }) => `${toToml('name', name)}\n# key = ${HIDDEN}`),
    ),
  ].join('\n\n')
}

function topLevelLines(configuration: Configuration, sourceOf: (name: string) => string): readonly Line[] {
  const { issuer, listen, dataDir, trustedProxies, gatewayOrigins, workers, drainSeconds, logLevel, signUp } =
    configuration
  const values = {
    issuer,
    listen: showListen(listen),
    data_dir: dataDir,
    database: showDatabase(configuration.database),
    database_connections: configuration.databaseConnections,
    database_pooled: configuration.databasePooled,
    session_store: showSessionStore(configuration.sessionStore),
    unsafely_accept_redis_loss: configuration.unsafelyAcceptRedisLoss,
    secret: HIDDEN_PASSWORD,
    trusted_proxies: trustedProxies,
    gateway_origins: gatewayOrigins,
    workers,
    drain_seconds: drainSeconds,
    log_level: logLevel,
    sign_up: signUp,
  }
  return Object.entries(values).map(([name, value]) => ({
    toml: `${isMasked(value) ? '# ' : ''}${toToml(name, value)}`,
    source: name === 'secret' ? sourceOfSecret(configuration, sourceOf) : sourceOf(name),
  }))
}

const isMasked = (value: unknown): boolean => typeof value === 'string' && value.includes(HIDDEN_PASSWORD)

function sourceOfSecret({ secret, database }: Configuration, sourceOf: (name: string) => string): string {
  if (secret !== undefined) return sourceOf('secret')
  return database.kind === 'postgres' ? 'missing: set COUNTERFOIL_SECRET' : 'the file "secret" in data_dir'
}

function policyLines({ policy }: Configuration, sourceOf: (name: string) => string): readonly Line[] {
  return [...POLICY_NAMES].map(([name, core]) => ({
    toml: toToml(name, policy[core]),
    source: sourceOf(`policy.${name}`),
  }))
}

function describePages({ pages }: Configuration): string {
  if (pages === false) return toToml('enabled', false)
  const { name, accent, logo } = pages
  const lines = Object.entries({ enabled: true, name, accent }).flatMap(([key, value]) =>
    value === undefined ? [] : [toToml(key, value)],
  )
  return [...lines, ...(logo === undefined ? [] : [`# logo: ${logo.type}, ${logo.content.length} bytes`])].join('\n')
}

function describeApplication(application: ApplicationSettings): string {
  const { id, name, strategy, transport, audience, origins, redirectUris, secretHash, lifetimes, requiresProof } =
    application
  const values = {
    id,
    name,
    strategy,
    transport,
    audience,
    origins,
    redirect_uris: redirectUris,
    requires_proof: requiresProof,
    access_token_seconds: lifetimes.accessTokenSeconds,
    idle_seconds: lifetimes.idleSeconds,
    absolute_seconds: lifetimes.absoluteSeconds,
  }
  const lines = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [toToml(key, value)]))
  return [...lines, ...(secretHash === undefined ? [] : [`# secret = ${HIDDEN}`])].join('\n')
}

function toToml(name: string, value: string | number | boolean | readonly string[]): string {
  return stringify({ [name]: value }).trimEnd()
}

function layOut(lines: readonly Line[]): string {
  const width = Math.min(60, Math.max(...lines.map(({ toml }) => toml.length)))
  return lines.map(({ toml, source }) => `${toml.padEnd(width)}  # ${source}`).join('\n')
}
