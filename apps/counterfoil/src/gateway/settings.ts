import { STRATEGIES } from '@counterfoil/protocol'
import { Type, type Static, type TSchema } from 'typebox'
import { LOG_LEVELS } from '../config/settings.ts'
import { oneOf, text, wholeNumber } from '../config/schemas.ts'

const ON_STALE = ['reject', 'introspect', 'accept'] as const

const texts = (description: string) => Type.Array(text(`${description}, each a text`), { description })
const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(schema)
const milliseconds = optional(wholeNumber(1, 2_000_000_000))

const ROUTE = Type.Object(
  {
    name: text('a short name of letters, digits, "-", "_" and "."'),
    hosts: optional(texts('a list of host names, such as ["api.example.com"]')),
    path: text('a path such as "/orders"'),
    methods: optional(texts('a list of methods, such as ["GET", "POST"]')),
    upstreams: texts('a list of addresses, such as ["http://127.0.0.1:7600"] or ["unix:/run/orders.sock"]'),
    access: optional(oneOf(['authenticated', 'public'])),
    roles: optional(texts('a list of roles')),
    strategies: optional(Type.Array(oneOf(STRATEGIES), { description: 'a list of strategies, such as ["hybrid"]' })),
    audience: optional(text('one of the audiences')),
    on_stale: optional(oneOf(ON_STALE)),
    max_auth_age_seconds: optional(wholeNumber(0, 2_000_000_000)),
    identity: optional(oneOf(['headers', 'access_token', 'upstream_token'])),
    browser: optional(Type.Boolean({ description: 'true or false' })),
    upstream_audience: optional(text('what the service is called in its tokens, such as "https://orders.internal"')),
  },
  { description: 'a table that begins with [[routes]]' },
)

/** Every top-level key of a gateway's configuration. */
export const GATEWAY_SETTINGS = {
  issuer: text('a URL, such as "https://auth.example.com"'),
  issuer_address: text('a URL at which the issuer is reached from here'),
  listen: text('host:port, such as "127.0.0.1:8080"'),
  public_url: text('where clients reach the gateway, such as "https://api.example.com"'),
  audience: texts('a list of what access tokens must be for'),
  verifier_key: text('the key that "counterfoil verifiers add" printed', String.raw`^[^\s\p{Cc}]{32,}$`),
  on_stale: oneOf(ON_STALE),
  origins: texts('a list of origins whose pages may use cookies here'),
  trusted_proxies: texts('a list of addresses and ranges, such as ["10.0.0.0/8", "::1"]'),
  access_log: text('"-" for standard output, "off", or the path of a file'),
  log_level: oneOf(LOG_LEVELS),
  drain_seconds: wholeNumber(0, 300),
  operations: text('host:port of the listener for operators, such as "127.0.0.1:9080"'),
  tls: Type.Object(
    { certificate: text('the path of a file in PEM'), key: text('the path of a file in PEM') },
    { description: 'a table that begins with [tls]' },
  ),
  limits: Type.Object(
    {
      header_bytes: optional(wholeNumber(1024, 1_048_576)),
      body_bytes: optional(Type.Integer({ minimum: 0, description: 'a whole number of bytes, 0 for no limit' })),
      connections: optional(wholeNumber(1, 1_000_000)),
    },
    { description: 'a table that begins with [limits]' },
  ),
  timeouts: Type.Object(
    { headers_ms: milliseconds, connect_ms: milliseconds, response_ms: milliseconds, idle_ms: milliseconds },
    { description: 'a table that begins with [timeouts]' },
  ),
  upstream_tokens: Type.Object(
    {
      key_files: optional(texts('a list of paths of files in PEM, the one that signs first')),
      seconds: optional(wholeNumber(5, 60)),
    },
    { description: 'a table that begins with [upstream_tokens]' },
  ),
  browser: Type.Object(
    {
      client_id: text('the application as which browsers sign in'),
      client_secret: optional(text('its secret, if it has one')),
      sign_in_page: optional(text('a path such as "/sign-in", or a URL')),
    },
    { description: 'a table that begins with [browser]' },
  ),
  routes: Type.Array(ROUTE, { description: 'a list: begin each of its tables with [[routes]]' }),
} as const

/** A top-level key of a gateway's configuration. */
export type GatewaySettingName = keyof typeof GATEWAY_SETTINGS

/** What a setting looks like when it has its shape. */
export type GatewaySettingValue<Name extends GatewaySettingName> = Static<(typeof GATEWAY_SETTINGS)[Name]>
