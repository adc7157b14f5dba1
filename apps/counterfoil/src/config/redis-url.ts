import { isIPv6 } from 'node:net'
import { showListen, type Listen } from './network.ts'
import { HIDDEN_PASSWORD } from './quoting.ts'
import { SettingError } from './setting-error.ts'

/** A Redis or Valkey that holds the sessions. */
export interface RedisAddress {
  readonly kind: 'redis'
  readonly layout: 'single' | 'cluster' | 'sentinel'
  /** One server; some nodes of the cluster; the sentinels. */
  readonly nodes: readonly Listen[]
  /** Whether connections are TLS. */
  readonly isEncrypted: boolean
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: number
  /** What the sentinels call the primary. */
  readonly primary: string | undefined
  /** For the sentinels themselves, where they ask for one. */
  readonly sentinelUser: string | undefined
  readonly sentinelPassword: string | undefined
}

const URL_PARTS =
  /^(?:redis|valkey)(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/i

const RIGHT: Readonly<Record<RedisAddress['layout'], string>> = {
  single: 'must be "redis://host:port", "redis+cluster://a:port,b:port" or "redis+sentinel://a:port,b:port/name"',
  cluster: 'must be "redis+cluster://" and some nodes of the cluster, such as "redis+cluster://a:6379,b:6379"',
  sentinel: 'must be "redis+sentinel://", the sentinels and a name, such as "redis+sentinel://a:26379,b:26379/primary"',
}

const USER_PART = 'must have its user and password as "user:password@", with what is special in them as %40 for @'

/**
 * Where Redis or Valkey is: `redis[s]://[user:password@]host[:port][/number]`, `redis[s]+cluster://[user:password@]a,b,c`, or
 * `redis[s]+sentinel://[user:password@]a,b,c/name[/number]`. What is wrong is told without the text, which may hold a password.
 *
 * @throws {SettingError}
 */
export function readRedisUrl(text: string, place: string): RedisAddress {
  const parts = URL_PARTS.exec(text)
  if (parts === null) throw new SettingError(place, RIGHT.single)
  const [, s = '', kind = 'single', login = '', hosts = '', path = '', query = ''] = parts
  const layout = kind.toLowerCase() as RedisAddress['layout']
  const nodes = hosts.split(',').map((host) => readNode(host, layout))
  if (nodes.includes(undefined) || (layout === 'single' && nodes.length > 1)) {
    throw new SettingError(place, RIGHT[layout])
  }
  return {
    kind: 'redis',
    layout,
    nodes: nodes.filter((node) => node !== undefined),
    isEncrypted: s !== '',
    ...readLogin(login, place),
    ...readPath(path, layout, place),
    ...readQuery(query, layout, place),
  }
}

function readNode(text: string, layout: RedisAddress['layout']): Listen | undefined {
  const parts = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text)
  if (parts === null) return undefined
  const [, bracketed, plain = '', digits = layout === 'sentinel' ? '26379' : '6379'] = parts
  const port = Number(digits)
  if ((bracketed !== undefined && !isIPv6(bracketed)) || port < 1 || port > 65_535) return undefined
  return { host: bracketed ?? plain, port }
}

function readLogin(text: string, place: string): Pick<RedisAddress, 'user' | 'password'> {
  if (text === '') return { user: undefined, password: undefined }
  const [user = '', password, ...rest] = text.split(':')
  if (password === undefined || rest.length > 0) throw new SettingError(place, USER_PART)
  return { user: decode(user, place) || undefined, password: decode(password, place) || undefined }
}

function decode(text: string, place: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new SettingError(place, USER_PART)
  }
}

function readPath(
  text: string,
  layout: RedisAddress['layout'],
  place: string,
): Pick<RedisAddress, 'database' | 'primary'> {
  const named = layout === 'sentinel' ? /^([A-Za-z0-9._-]+)(?:\/(\d{1,5}))?$/.exec(text) : /^()(\d{1,5})?$/.exec(text)
  if (named === null) throw new SettingError(place, RIGHT[layout])
  const [, primary, digits = '0'] = named
  if (layout === 'cluster' && Number(digits) > 0)
    throw new SettingError(place, 'must name no number: a cluster has one')
  return { database: Number(digits), primary: primary === '' ? undefined : primary }
}

function readQuery(
  text: string,
  layout: RedisAddress['layout'],
  place: string,
): Pick<RedisAddress, 'sentinelUser' | 'sentinelPassword'> {
  const query = new URLSearchParams(text)
  const known = layout === 'sentinel' ? ['sentinel_user', 'sentinel_password'] : []
  if ([...query.keys()].some((name) => !known.includes(name))) {
    const may = layout === 'sentinel' ? 'sentinel_user and sentinel_password are all there are' : 'there are none'
    throw new SettingError(place, `has a parameter that is none: ${may}`)
  }
  return {
    sentinelUser: query.get('sentinel_user') ?? undefined,
    sentinelPassword: query.get('sentinel_password') ?? undefined,
  }
}

/** The address as it is written, with its passwords masked. */
export function showRedis(address: RedisAddress): string {
  const { layout, nodes, isEncrypted, user, password, database, primary } = address
  const scheme = `redis${isEncrypted ? 's' : ''}${layout === 'single' ? '' : `+${layout}`}`
  const login = password === undefined && user === undefined ? '' : `${showUser(user)}:${showPassword(password)}@`
  const path = [primary, database === 0 ? undefined : String(database)].filter((part) => part !== undefined)
  const tail = path.map((part) => `/${part}`).join('')
  return `${scheme}://${login}${nodes.map(showListen).join(',')}${tail}${showSentinelLogin(address)}`
}

const showUser = (user = ''): string => encodeURIComponent(user)
const showPassword = (password: string | undefined): string => (password === undefined ? '' : HIDDEN_PASSWORD)

function showSentinelLogin({ sentinelUser, sentinelPassword }: RedisAddress): string {
  const query = [
    ...(sentinelUser === undefined ? [] : [`sentinel_user=${showUser(sentinelUser)}`]),
    ...(sentinelPassword === undefined ? [] : [`sentinel_password=${HIDDEN_PASSWORD}`]),
  ]
  return query.length === 0 ? '' : `?${query.join('&')}`
}
