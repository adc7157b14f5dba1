import { createHash } from 'node:crypto'
import { createPolicy } from '@counterfoil/core'
import { describe, expect, test } from 'vitest'
import { readConfiguration, type Configuration } from './configuration.ts'
import { VARIABLES } from './given.ts'
import { SettingError } from './setting-error.ts'
import { FILE_ONLY, SETTING_NAMES } from './settings.ts'
import { POLICY_NAMES } from './wire-names.ts'

const SECRET = 'a-secret-of-thirty-two-characters'

function read(text: string, environment: Record<string, string> = {}): Configuration {
  return readConfiguration({ file: { name: 'c.toml', text }, environment, directory: '/srv' })
}

function refusalOf(text: string, environment: Record<string, string> = {}): string {
  try {
    read(text, environment)
  } catch (error) {
    if (error instanceof SettingError) return error.message
    throw error
  }
  return 'nothing was refused'
}

describe('defaults', () => {
  const configuration = readConfiguration({ environment: { HOME: '/root' }, directory: '/srv' })

  test('with no file and no environment it is the embedded profile on the loopback', () => {
    expect(configuration).toMatchObject({
      issuer: 'http://localhost:7500',
      listen: { host: '127.0.0.1', port: 7500 },
      dataDir: '/srv/data',
      database: { kind: 'sqlite', path: '/srv/data/counterfoil.db' },
      databaseConnections: 10,
      databasePooled: false,
      sessionStore: { kind: 'database' },
      unsafelyAcceptRedisLoss: false,
      secret: undefined,
      workers: 1,
      drainSeconds: 0,
      trustedProxies: [],
      gatewayOrigins: [],
      logLevel: 'info',
      signUp: 'open',
      verifiers: [],
    })
    expect(configuration.policy).toEqual(createPolicy())
    expect(configuration.sources.size).toBe(0)
  })

  test('there is one application for each strategy', () => {
    const named = configuration.applications.map(({ id, strategy, transport }) => [id, strategy, transport])
    expect(named).toEqual(['stateless', 'stateful', 'hybrid'].map((name) => [name, name, 'body']))
  })

  test('the issuer follows the port of listen', () => {
    expect(read('listen = "127.0.0.1:8123"').issuer).toBe('http://localhost:8123')
    expect(read('listen = "127.0.0.1:80"').issuer).toBe('http://localhost')
  })
})

describe('a file and the environment', () => {
  test('each key of a file takes effect', () => {
    const configuration = read(`
      issuer = "https://auth.example.com/a"
      listen = "[::1]:8080"
      data_dir = "var"
      database = "sqlite:x.db"
      database_connections = 20
      database_pooled = true
      session_store = "redis://:redispass@r/1"
      unsafely_accept_redis_loss = true
      secret = "${SECRET}"
      trusted_proxies = ["10.0.0.0/8", "::1"]
      gateway_origins = ["https://api.example.com", "http://localhost:8080"]
      workers = 4
      drain_seconds = 7
      log_level = "warn"
      sign_up = "closed"
      [policy]
      access_token_seconds = 120
      signing_algorithm = "ES256"
      [[applications]]
      id = "shop"
      name = "Shop"
      strategy = "hybrid"
      transport = "cookie"
      audience = ["https://orders.example.com"]
      origins = ["https://shop.example.com", "http://localhost:3000"]
      redirect_uris = ["https://shop.example.com/back", "com.example.shop:/back"]
      secret = "${SECRET}"
      access_token_seconds = 60
      idle_seconds = 3600
      absolute_seconds = 7200
      [[verifiers]]
      name = "orders"
      key = "${SECRET}"
    `)
    expect(configuration).toMatchObject({
      issuer: 'https://auth.example.com/a',
      listen: { host: '::1', port: 8080 },
      dataDir: '/srv/var',
      database: { kind: 'sqlite', path: '/srv/var/x.db' },
      databaseConnections: 20,
      databasePooled: true,
      sessionStore: { kind: 'redis', nodes: [{ host: 'r', port: 6379 }], password: 'redispass', database: 1 },
      unsafelyAcceptRedisLoss: true,
      workers: 4,
      drainSeconds: 7,
      secret: new TextEncoder().encode(SECRET),
      trustedProxies: ['10.0.0.0/8', '::1'],
      gatewayOrigins: ['https://api.example.com', 'http://localhost:8080'],
      logLevel: 'warn',
      signUp: 'closed',
      policy: { accessTokenSeconds: 120, signingAlgorithm: 'ES256', leewaySeconds: 5 },
      verifiers: [{ name: 'orders', key: SECRET }],
    })
    expect(configuration.applications).toEqual([
      {
        id: 'shop',
        name: 'Shop',
        strategy: 'hybrid',
        transport: 'cookie',
        audience: ['https://orders.example.com'],
        origins: ['https://shop.example.com', 'http://localhost:3000'],
        redirectUris: ['https://shop.example.com/back', 'com.example.shop:/back'],
        secretHash: createHash('sha256').update(SECRET).digest('base64url'),
        lifetimes: { accessTokenSeconds: 60, idleSeconds: 3600, absoluteSeconds: 7200 },
      },
    ])
  })

  test('each key of the environment takes effect, and wins over the file', () => {
    const configuration = read('listen = "127.0.0.1:1"\nsign_up = "open"\n[policy]\nleeway_seconds = 1', {
      COUNTERFOIL_ISSUER: 'https://auth.example.com',
      COUNTERFOIL_LISTEN: '0.0.0.0:2',
      COUNTERFOIL_DATA_DIR: '/var/lib/c',
      COUNTERFOIL_DATABASE: 'postgres://c:pgpass@db/counterfoil',
      COUNTERFOIL_DATABASE_CONNECTIONS: '3',
      COUNTERFOIL_DATABASE_POOLED: 'true',
      COUNTERFOIL_SESSION_STORE: 'valkey+cluster://a:7001,b',
      COUNTERFOIL_UNSAFELY_ACCEPT_REDIS_LOSS: 'true',
      COUNTERFOIL_SECRET: SECRET,
      COUNTERFOIL_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1',
      COUNTERFOIL_ORIGINS_OF_GATEWAYS: 'https://api.example.com, https://shop.example.com',
      COUNTERFOIL_WORKERS: '2',
      COUNTERFOIL_DRAIN_SECONDS: '0',
      COUNTERFOIL_LOG_LEVEL: 'debug',
      COUNTERFOIL_SIGN_UP: 'closed',
      COUNTERFOIL_POLICY_LEEWAY_SECONDS: '2',
      COUNTERFOIL_POLICY_SIGNING_ALGORITHM: 'RS256',
    })
    expect(configuration).toMatchObject({
      issuer: 'https://auth.example.com',
      listen: { host: '0.0.0.0', port: 2 },
      dataDir: '/var/lib/c',
      database: { kind: 'postgres', url: 'postgres://c:pgpass@db/counterfoil' },
      databaseConnections: 3,
      databasePooled: true,
      sessionStore: { kind: 'redis', layout: 'cluster' },
      unsafelyAcceptRedisLoss: true,
      workers: 2,
      drainSeconds: 0,
      trustedProxies: ['10.0.0.0/8', '192.0.2.1'],
      gatewayOrigins: ['https://api.example.com', 'https://shop.example.com'],
      logLevel: 'debug',
      signUp: 'closed',
      policy: { leewaySeconds: 2, signingAlgorithm: 'RS256' },
    })
    expect(configuration.sources.get('listen')).toBe('COUNTERFOIL_LISTEN')
    expect(configuration.sources.get('policy.leeway_seconds')).toBe('COUNTERFOIL_POLICY_LEEWAY_SECONDS')
  })

  test('every variable names a setting, and every setting but the tables has a variable', () => {
    const expected = SETTING_NAMES.filter((name) => !FILE_ONLY.includes(name))
    expect([...VARIABLES.values()]).toEqual([...expected, ...[...POLICY_NAMES.keys()].map((name) => `policy.${name}`)])
  })

  test('an empty list in the environment takes away that of the file', () => {
    expect(read('trusted_proxies = ["::1"]', { COUNTERFOIL_TRUSTED_PROXIES: '' }).trustedProxies).toEqual([])
    const origins = read('gateway_origins = ["https://api.example.com"]', { COUNTERFOIL_ORIGINS_OF_GATEWAYS: '' })
    expect(origins.gatewayOrigins).toEqual([])
  })

  test('the pages that our own gateway lets use cookies are not taken for where gateways are reached', () => {
    expect(read('', { COUNTERFOIL_GATEWAY_ORIGINS: 'https://app.example.com' }).gatewayOrigins).toEqual([])
  })
})

const application = (more: string, id = 'id = "a"', strategy = 'strategy = "hybrid"'): string =>
  ['[[applications]]', id, strategy, more].join('\n')

describe('a wrong setting is refused with one line that names it', () => {
  const wrong: readonly (readonly [toml: string, message: RegExp])[] = [
    ['lissten = "x"', /^c\.toml: lissten is not a setting: did you mean listen\?$/],
    ['quite_another = 1', /^c\.toml: quite_another is not a setting: the nearest that there is: \w+$/],
    ['access_token_seconds = 1', /access_token_seconds is not a setting: it belongs below \[policy\]$/],
    ['[policy]\nlisten = "127.0.0.1:1"', /c\.toml: policy\.listen is not a setting: it belongs above \[policy\]$/],
    [
      '[policy]\nleewey_seconds = 1',
      /c\.toml: policy\.leewey_seconds is not a setting: did you mean leeway_seconds\?$/,
    ],
    ['policy = 3', /^c\.toml: policy must be a table: begin it with \[policy\]$/],
    [
      '[applications]\nid = "a"',
      /^c\.toml: applications must be a list: begin each of its tables with \[\[applications\]\]$/,
    ],
    ['applications = []', /^c\.toml: applications is empty/],
    [application('strategi = 1'), /applications\[0\]\.strategi is not a setting: did you mean strategy\?$/],
    ['[[verifiers]]\nname = "a"\nkee = "x"', /verifiers\[0\]\.kee is not a setting: did you mean key\?$/],
    ['\nlisten = \n', /^c\.toml:2: this is not valid TOML: /],
    ['a = 1\nb = "unclosed\n', /^c\.toml:2: this is not valid TOML: /],
    ['issuer = 5', /^c\.toml: issuer must be a URL, such as "https:\/\/auth\.example\.com"$/],
    ['issuer = "auth.example.com"', /issuer must be a URL/],
    ['issuer = "ftp://auth.example.com"', /issuer must be a URL/],
    ['issuer = "http://auth.example.com"', /issuer must begin with https:\/\/ \(http:\/\/ is for the loopback only\)$/],
    ['issuer = "http://127.0.0.1.example.com"', /issuer must begin with https/],
    ['issuer = "https://auth.example.com/"', /issuer must not end in a slash$/],
    ['issuer = "https://auth.example.com?a"', /issuer must have no query and no fragment$/],
    ['issuer = "https://auth.example.com#"', /issuer must have no query and no fragment$/],
    ['issuer = "https://u:p@auth.example.com"', /issuer must have no user name or password$/],
    ['issuer = "https://AUTH.example.com:443"', /must be in its canonical form: "https:\/\/auth\.example\.com"$/],
    ['listen = "7500"', /listen must be host:port, such as "127\.0\.0\.1:7500" or "\[::1\]:7500"$/],
    ['listen = "::1:7500"', /listen must be host:port/],
    ['listen = "[127.0.0.1]:7500"', /listen must be host:port/],
    ['listen = "127.0.0.1:0"', /listen must have a port from 1 to 65535$/],
    ['listen = "127.0.0.1:65536"', /listen must have a port from 1 to 65535$/],
    ['data_dir = ""', /data_dir must be the path of a folder$/],
    [String.raw`data_dir = "a\u0000b"`, /data_dir must be the path of a folder$/],
    ['database = "mysql:x"', /database must be "sqlite:" and a file name/],
    ['database = "sqlite:"', /database must be "sqlite:" and a file name/],
    ['database = "sqlite::memory:"', /database must be "sqlite:" and a file name/],
    [
      'database = "postgres://u:hunter2#@db/x"',
      /database must be a URL, .*what is special in the password as %40 for @$/,
    ],
    ['database = "postgres://u:hunter2%@db/x"', /database must be a URL/],
    ['database = "postgres://u:hunter2@db"', /database must name a database: postgres:\/\/user@host\/database$/],
    ['database = "postgres://u:hunter2@db/x/y"', /database must name a database/],
    ['database = "postgres:///x"', /database must name a host/],
    ['database = "postgres://u:hunter2@a,b/x"', /database must name one host/],
    ['database = "postgres://db/x?sslmod=require"', /database has a parameter that is none: did you mean sslmode\?$/],
    ['database = "postgres://db/x?password=hunter2"', /database has a parameter that is none: put the password before/],
    ['database = "postgres://db/x?sslmode=hunter2"', /database must have an sslmode of disable, no-verify, /],
    ['database_connections = 1', /database_connections must be a whole number from 2 to 1000$/],
    ['session_store = "memory"', /session_store must be "database", or "redis:\/\/host:port"/],
    ['session_store = "redis://"', /session_store must be "redis:\/\/host:port"/],
    ['session_store = "redis://hunter2@r"', /session_store must have its user and password as "user:password@"/],
    ['session_store = "redis://:hun%ter2@r"', /session_store must have its user and password/],
    ['session_store = "redis://:hun/ter2@r"', /session_store must be "redis:\/\/host:port"/],
    ['session_store = "redis://a,b"', /session_store must be "redis:\/\/host:port"/],
    ['session_store = "redis://a:99999"', /session_store must be "redis:\/\/host:port"/],
    ['session_store = "redis://a/name"', /session_store must be "redis:\/\/host:port"/],
    ['session_store = "redis://a?tls=1"', /session_store has a parameter that is none: there are none$/],
    ['session_store = "redis+cluster://a,b/1"', /session_store must name no number: a cluster has one$/],
    [
      'session_store = "redis+sentinel://a,b"',
      /session_store must be "redis\+sentinel:\/\/", the sentinels and a name/,
    ],
    [
      'session_store = "redis+sentinel://a/n?password=hunter2"',
      /sentinel_user and sentinel_password are all there are/,
    ],
    ['session_store = "redis+ring://a"', /session_store must be "redis:\/\/host:port"/],
    ['unsafely_accept_redis_loss = "true"', /unsafely_accept_redis_loss must be true or false$/],
    [
      'secret = "hunter2"',
      /^c\.toml: secret must be at least 32 bytes; this makes a good one: openssl rand -base64 32$/,
    ],
    ['trusted_proxies = "10.0.0.0/8"', /trusted_proxies must be a list of addresses and ranges/],
    ['trusted_proxies = ["10.0.0.0/33"]', /trusted_proxies\[0\] must be an address or a range/],
    ['trusted_proxies = ["::1", "proxy"]', /trusted_proxies\[1\] must be an address or a range/],
    ['trusted_proxies = ["0.0.0.0/0"]', /trusted_proxies\[0\] would trust everybody/],
    ['gateway_orgins = []', /^c\.toml: gateway_orgins is not a setting: did you mean gateway_origins\?$/],
    ['gateway_origins = "https://api.example.com"', /^c\.toml: gateway_origins must be a list of origins, such as/],
    [
      'gateway_origins = ["https://api.example.com", "https://b.example/"]',
      /^c\.toml: gateway_origins\[1\] must be an origin and no more/,
    ],
    ['gateway_origins = ["https://api.example.com:443"]', /gateway_origins\[0\] must be an origin and no more/],
    ['gateway_origins = ["*"]', /gateway_origins\[0\] must be an origin and no more/],
    ['gateway_origins = ["http://api.example.com"]', /gateway_origins\[0\] must begin with https:\/\//],
    ['workers = 0', /workers must be a whole number from 1 to 64$/],
    ['workers = 1.5', /workers must be a whole number from 1 to 64$/],
    ['drain_seconds = 301', /drain_seconds must be a whole number from 0 to 300$/],
    ['log_level = "loud"', /log_level must be one of "silent", .*"trace"$/],
    ['sign_up = true', /sign_up must be one of "open", "closed"$/],
    ['[policy]\naccess_token_seconds = 5', /policy\.access_token_seconds must be a whole number from 10 to 3600$/],
    ['[policy]\naccess_token_seconds = "60"', /policy\.access_token_seconds must be a whole number/],
    ['[policy]\nsigning_algorithm = "none"', /policy\.signing_algorithm must be one of EdDSA, ES256, RS256$/],
    [
      '[policy]\nhybrid_absolute_seconds = 60',
      /^policy\.hybrid_idle_seconds \(its default\) must not be more than hybrid_absolute_seconds \(60\)$/,
    ],
    ['[[applications]]\nid = "a"', /applications\[0\]\.strategy is missing: it must be one of "stateless"/],
    ['[[applications]]\nstrategy = "hybrid"', /applications\[0\]\.id is missing: it must be 1 to 64 letters/],
    [application('', 'id = "a b"'), /applications\[0\]\.id must be 1 to 64 letters/],
    [application('', undefined, 'strategy = "jwt"'), /applications\[0\]\.strategy must be one of/],
    [`${application('')}\n${application('')}`, /applications\[1\]\.id must differ from that of number 0 of the list$/],
    [application('transport = "header"'), /applications\[0\]\.transport must be one of "body", "cookie"$/],
    [application('origins = ["https://a.example/x"]'), /origins\[0\] must be an origin and no more/],
    [application('origins = ["http://a.example"]'), /origins\[0\] must begin with https/],
    [application('origins = ["null"]'), /origins\[0\] must be an origin/],
    [application('redirect_uris = ["/back"]'), /redirect_uris\[0\] must be an absolute URI without a fragment$/],
    [application('redirect_uris = ["javascript:alert(1)"]'), /redirect_uris\[0\] must be an absolute URI/],
    [
      application('requires_proof = true', undefined, 'strategy = "stateful"'),
      /applications\[0\]\.requires_proof is for stateless and hybrid/,
    ],
    [application('requires_proof = 1'), /applications\[0\]\.requires_proof must be true or false$/],
    [application('secret = "hunter2"'), /applications\[0\]\.secret must be a text of at least 32 characters$/],
    [application('access_token_seconds = 5'), /applications\[0\]\.access_token_seconds must be a whole number from 10/],
    [
      application('absolute_seconds = 60'),
      /absolute_seconds must not be less than policy\.hybrid_idle_seconds \(1209600\)$/,
    ],
    [
      application('idle_seconds = 90\nabsolute_seconds = 80'),
      /idle_seconds must not be more than the absolute lifetime \(80\)$/,
    ],
    [
      application('idle_seconds = 90', undefined, 'strategy = "stateless"'),
      /idle_seconds has no meaning for a stateless/,
    ],
    [
      application('absolute_seconds = 86401', undefined, 'strategy = "stateless"'),
      /absolute_seconds must not be more than policy\.revocation_retention_seconds \(86400\)$/,
    ],
    [
      application('access_token_seconds = 90', undefined, 'strategy = "stateful"'),
      /access_token_seconds has no meaning for a stateful/,
    ],
    ['[[verifiers]]\nname = "a"\nkey = "hunter2"', /verifiers\[0\]\.key must be a text of at least 32 characters/],
    [
      `[[verifiers]]\nname = "a"\nkey = "${SECRET}"\n[[verifiers]]\nname = "b"\nkey = "${SECRET}"`,
      /verifiers\[1\]\.key must differ from that of number 0 of the list$/,
    ],
    ['"__proto__" = 1', /^c\.toml: __proto__ is not a setting/],
    [String.raw`"a\nb\u001b" = 1`, /^c\.toml: "a\\u000ab\\u001b" is not a setting/],
  ]

  test.each(wrong)('%j', (toml, message) => {
    const refusal = refusalOf(toml)
    expect(refusal).toMatch(message)
    expect(refusal).not.toMatch(/\n|hunter2/)
    expect(refusal).not.toContain(SECRET)
  })

  const wrongVariables: readonly (readonly [variable: string, value: string, message: RegExp])[] = [
    ['COUNTERFOIL_LISSEN', 'x', /^COUNTERFOIL_LISSEN is not a setting: did you mean COUNTERFOIL_LISTEN\?$/],
    ['COUNTERFOIL_ACCESS_TOKEN_SECONDS', '60', /did you mean COUNTERFOIL_POLICY_ACCESS_TOKEN_SECONDS\?$/],
    ['COUNTERFOIL_CONFIG', 'c.toml', /^COUNTERFOIL_CONFIG is not a setting: name the file with --config$/],
    ['COUNTERFOIL_APPLICATIONS', '[]', /cannot be given in the environment: write \[\[applications\]\] in a file/],
    ['COUNTERFOIL_LISTEN', '', /^COUNTERFOIL_LISTEN must be host:port/],
    ['COUNTERFOIL_SECRET', 'hunter2', /^COUNTERFOIL_SECRET must be at least 32 bytes/],
    ['COUNTERFOIL_WORKERS', 'two', /^COUNTERFOIL_WORKERS must be a whole number from 1 to 64$/],
    ['COUNTERFOIL_UNSAFELY_ACCEPT_REDIS_LOSS', 'yes', /^COUNTERFOIL_UNSAFELY_ACCEPT_REDIS_LOSS must be true or false$/],
    ['COUNTERFOIL_TRUSTED_PROXIES', '10.0.0.1,,', /^COUNTERFOIL_TRUSTED_PROXIES\[1\] must be an address or a range/],
    [
      'COUNTERFOIL_ORIGINS_OF_GATEWAYS',
      'https://a.example,b',
      /^COUNTERFOIL_ORIGINS_OF_GATEWAYS\[1\] must be an origin and no more/,
    ],
    [
      'COUNTERFOIL_ORIGINS_OF_GATEWAY',
      '',
      /^COUNTERFOIL_ORIGINS_OF_GATEWAY is not a setting: did you mean COUNTERFOIL_ORIGINS_OF_GATEWAYS\?$/,
    ],
    [
      'COUNTERFOIL_POLICY_LEEWAY_SECONDS',
      '-1',
      /^COUNTERFOIL_POLICY_LEEWAY_SECONDS must be a whole number from 0 to 60$/,
    ],
  ]

  test.each(wrongVariables)('%s=%s', (variable, value, message) => {
    const refusal = refusalOf('', { [variable]: value })
    expect(refusal).toMatch(message)
    expect(refusal).not.toMatch(/\n|hunter2/)
  })
})
