import { resolve } from 'node:path'
import type { GatewayOptions, RouteOptions } from '@counterfoil/gateway'
import { readIssuer, readListen, readTrustedProxies, type Listen } from '../config/network.ts'
import { GATEWAY_PREFIX } from '../config/given.ts'
import { showKey, suggest } from '../config/nearest.ts'
import { SettingError } from '../config/setting-error.ts'
import { checkKeys, checkShape } from '../config/shape.ts'
import { parseToml } from '../config/toml.ts'
import type { LOG_LEVELS } from '../config/settings.ts'
import { GATEWAY_SETTINGS, type GatewaySettingName, type GatewaySettingValue } from './settings.ts'

/** What is in force for a gateway, checked as far as that can be done without a look at files. */
export interface GatewayConfiguration {
  readonly issuer: string
  readonly issuerAddress: string | undefined
  readonly listen: Listen
  readonly publicUrl: string
  readonly audience: readonly string[]
  readonly verifierKey: string | undefined
  readonly onStale: GatewaySettingValue<'on_stale'> | undefined
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** `-`: standard output; undefined: none. */
  readonly accessLog: string | undefined
  readonly drainSeconds: number
  readonly operations: Listen | undefined
  /** Absolute paths. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined
  /** Absolute paths; undefined where no route wants tokens. */
  readonly keyFiles: readonly string[] | undefined
  readonly upstreamTokenSeconds: number | undefined
  readonly options: Pick<GatewayOptions, 'browser' | 'routes' | 'origins' | 'trustedProxies' | 'limits' | 'timeouts'>
}

interface Source {
  readonly value: unknown
  readonly place: string
}

type Sources = ReadonlyMap<string, Source>

/** A file and an environment that make a configuration. */
export interface GatewaySources {
  readonly file: { readonly name: string; readonly text: string }
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Relative paths start here. */
  readonly directory: string
}

/**
 * The configuration of a gateway; variables such as `COUNTERFOIL_GATEWAY_LISTEN` win over the file.
 *
 * @throws {SettingError} for the first setting that is wrong.
 */
export function readGatewayConfiguration({ file, environment, directory }: GatewaySources): GatewayConfiguration {
  const sources: Sources = new Map([...inFile(file), ...inEnvironment(environment)])
  const missing = (name: string, example: string): never => {
    throw new SettingError(`${file.name}: ${name}`, `is missing: ${example}`)
  }
  const path = (name: string): string => resolve(directory, name)
  const issuer =
    take(sources, 'issuer', readIssuer) ?? missing('issuer', 'name your issuer, such as "https://auth.example.com"')
  const listen = take(sources, 'listen', readListen) ?? { host: '127.0.0.1', port: 8080 }
  const tls = take(sources, 'tls', ({ certificate, key }) => ({ certificate: path(certificate), key: path(key) }))
  const routes =
    take(sources, 'routes', (tables) => tables.map(readRoute)) ?? missing('routes', 'begin one with [[routes]]')
  const audience = take(sources, 'audience', asIs) ?? [issuer]
  requireAudiences(routes, audience, file.name)
  const issuerAddress = take(sources, 'issuer_address', readIssuer)
  const tokens = take(sources, 'upstream_tokens', asIs)
  const wantsTokens = tokens !== undefined || routes.some(({ identity }) => identity === 'upstream_token')
  const accessLog = take(sources, 'access_log', asIs) ?? '-'
  return {
    issuer,
    issuerAddress,
    listen,
    publicUrl: take(sources, 'public_url', asIs) ?? defaultUrl(listen, tls !== undefined),
    audience,
    verifierKey: take(sources, 'verifier_key', asIs),
    onStale: take(sources, 'on_stale', asIs),
    logLevel: take(sources, 'log_level', asIs) ?? 'info',
    accessLog: accessLog === 'off' ? undefined : accessLog === '-' ? '-' : path(accessLog),
    drainSeconds: take(sources, 'drain_seconds', asIs) ?? 0,
    operations: take(sources, 'operations', readListen),
    tls,
    keyFiles: wantsTokens ? (tokens?.key_files ?? ['gateway-key.pem']).map(path) : undefined,
    upstreamTokenSeconds: tokens?.seconds,
    options: {
      routes,
      browser: take(sources, 'browser', (given) => ({
        issuerAddress: issuerAddress ?? issuer,
        clientId: given.client_id,
        clientSecret: given.client_secret,
        signInPage: given.sign_in_page,
      })),
      origins: take(sources, 'origins', asIs),
      trustedProxies: take(sources, 'trusted_proxies', readTrustedProxies),
      limits: take(sources, 'limits', ({ header_bytes: headerBytes, body_bytes: bodyBytes, connections }) =>
        without({ headerBytes, bodyBytes, connections }),
      ),
      timeouts: take(sources, 'timeouts', (given) =>
        without({
          headersMs: given.headers_ms,
          connectMs: given.connect_ms,
          responseMs: given.response_ms,
          idleMs: given.idle_ms,
        }),
      ),
    },
  }
}

function inFile({ name: fileName, text }: GatewaySources['file']): [string, Source][] {
  const table = parseToml(text, fileName)
  const placeOf = (name: string): string => `${fileName}: ${name}`
  checkKeys(table, Object.keys(GATEWAY_SETTINGS), placeOf)
  return Object.entries(table).map(([name, value]) => [name, { value, place: placeOf(name) }])
}

/** Settings that are a text, a number or a list of texts. */
const VARIABLES = new Map(
  Object.keys(GATEWAY_SETTINGS)
    .filter((name) => !['tls', 'limits', 'timeouts', 'upstream_tokens', 'browser', 'routes'].includes(name))
    .map((name) => [GATEWAY_PREFIX + name.toUpperCase(), name]),
)
const LISTS: ReadonlySet<string> = new Set(['audience', 'origins', 'trusted_proxies'])

function inEnvironment(environment: GatewaySources['environment']): [string, Source][] {
  return Object.entries(environment).flatMap(([variable, text]): [string, Source][] => {
    if (!variable.startsWith(GATEWAY_PREFIX) || text === undefined) return []
    const name = VARIABLES.get(variable)
    if (name === undefined)
      throw new SettingError(showKey(variable), `is not a setting: ${suggest(variable, [...VARIABLES.keys()])}`)
    if (LISTS.has(name)) return [[name, { value: text.split(',').map((part) => part.trim()), place: variable }]]
    return [[name, { value: name === 'drain_seconds' ? Number(text) : text, place: variable }]]
  })
}

const asIs = <Value>(value: Value): Value => value

function take<Name extends GatewaySettingName, Result>(
  sources: Sources,
  name: Name,
  read: (value: GatewaySettingValue<Name>, place: string) => Result,
): Result | undefined {
  const found = sources.get(name)
  if (found === undefined) return undefined
  return read(checkShape(GATEWAY_SETTINGS[name], found.value, found.place), found.place)
}

function readRoute(route: GatewaySettingValue<'routes'>[number]): RouteOptions {
  const {
    on_stale: onStale,
    max_auth_age_seconds: maxAuthAgeSeconds,
    upstream_audience: upstreamAudience,
    ...rest
  } = route
  return { ...rest, onStale, maxAuthAgeSeconds, upstreamAudience }
}

/** A route can only ask for an audience that the verifier knows. @throws {SettingError} */
export function requireAudiences(routes: readonly RouteOptions[], audience: readonly string[], fileName: string): void {
  for (const [at, route] of routes.entries()) {
    if (route.audience === undefined || audience.includes(route.audience)) continue
    throw new SettingError(`${fileName}: routes[${at}].audience`, 'must be one of audience, as it was at the start')
  }
}

function defaultUrl({ host, port }: Listen, isTls: boolean): string {
  const name = host === '127.0.0.1' || host === '::1' || host === '0.0.0.0' ? 'localhost' : host
  return new URL(`${isTls ? 'https' : 'http'}://${name}:${port}`).origin
}

function without<Group extends object>(group: Group): { [Key in keyof Group]?: NonNullable<Group[Key]> } {
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Group]?: NonNullable<Group[Key]>
  }
}
