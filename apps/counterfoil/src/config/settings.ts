import { STRATEGIES, TRANSPORTS } from '@counterfoil/protocol'
import { Type, type Static, type TSchema } from 'typebox'
import { oneOf, text, wholeNumber } from './schemas.ts'

const seconds = Type.Optional(Type.Integer({ description: 'a whole number of seconds' }))

/** What an operator may call an application or a verifier. */
const label = text('1 to 64 letters, digits and . _ ~ -', '^[A-Za-z0-9._~-]{1,64}$')

const APPLICATION = Type.Object(
  {
    id: label,
    name: Type.Optional(text('a text of 1 to 100 characters', String.raw`^[^\p{Cc}]{1,100}$`)),
    strategy: oneOf(STRATEGIES),
    transport: Type.Optional(oneOf(TRANSPORTS)),
    audience: Type.Optional(
      Type.Array(text('the URL or the name of an API, without spaces', String.raw`^[^\s\p{Cc}]{1,200}$`), {
        description: 'a list of URLs or names of APIs',
      }),
    ),
    origins: Type.Optional(
      Type.Array(text('an origin, such as "https://app.example.com"'), { description: 'a list of origins' }),
    ),
    redirect_uris: Type.Optional(Type.Array(text('an absolute URI'), { description: 'a list of absolute URIs' })),
    secret: Type.Optional(text('a text of at least 32 characters', String.raw`^[^\p{Cc}]{32,}$`)),
    requires_proof: Type.Optional(Type.Boolean({ description: 'true or false' })),
    access_token_seconds: seconds,
    idle_seconds: seconds,
    absolute_seconds: seconds,
  },
  { description: 'a table that begins with [[applications]]' },
)

const VERIFIER = Type.Object(
  { name: label, key: text('a text of at least 32 characters without spaces', String.raw`^[^\s\p{Cc}]{32,}$`) },
  { description: 'a table that begins with [[verifiers]]' },
)

const PAGES = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean({ description: 'true or false' })),
    name: Type.Optional(text('a text of 1 to 60 characters', String.raw`^[^\p{Cc}]{1,60}$`)),
    accent: Type.Optional(text('a colour such as "#0b6170"', '^#[0-9A-Fa-f]{6}$')),
    logo: Type.Optional(text('the path of an .svg or .png file')),
  },
  { description: 'a table: begin it with [pages]' },
)

/** One top-level key of the configuration. */
interface Setting<Schema extends TSchema> {
  readonly schema: Schema
  /** The default as TOML, for documentation and messages. */
  readonly initial: string
}

const setting = <Schema extends TSchema>(schema: Schema, initial: string): Setting<Schema> => ({ schema, initial })

/** Levels of the log, from the quietest. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

/** Every top-level key but `policy`, which core lists. `docs/operations/configuration.md` is held to this table by a test. */
export const SETTINGS = {
  issuer: setting(text('a URL, such as "https://auth.example.com"'), '"http://localhost:7500"'),
  listen: setting(text('host:port, such as "127.0.0.1:7500" or "[::1]:7500"'), '"127.0.0.1:7500"'),
  data_dir: setting(text('the path of a folder'), '"./data"'),
  database: setting(
    text('"sqlite:" and a file name, such as "sqlite:counterfoil.db", or "postgres://user:password@host/database"'),
    '"sqlite:counterfoil.db"',
  ),
  database_connections: setting(wholeNumber(2, 1000), '10'),
  database_pooled: setting(Type.Boolean({ description: 'true or false' }), 'false'),
  session_store: setting(text('"database", or a URL such as "redis://host:port"'), '"database"'),
  unsafely_accept_redis_loss: setting(Type.Boolean({ description: 'true or false' }), 'false'),
  secret: setting(text('a text of at least 32 bytes'), 'a file in `data_dir`'),
  trusted_proxies: setting(
    Type.Array(text('an address or a range, such as "10.0.0.0/8"'), {
      description: 'a list of addresses and ranges, such as ["10.0.0.0/8", "::1"]',
    }),
    '[]',
  ),
  gateway_origins: setting(
    Type.Array(text('an origin, such as "https://api.example.com"'), {
      description: 'a list of origins, such as ["https://api.example.com"]',
    }),
    '[]',
  ),
  workers: setting(wholeNumber(1, 64), '1'),
  drain_seconds: setting(wholeNumber(0, 300), 'with PostgreSQL 5, else 0'),
  log_level: setting(oneOf(LOG_LEVELS), '"info"'),
  sign_up: setting(oneOf(['open', 'closed']), '"open"'),
  pages: setting(PAGES, 'plain pages'),
  applications: setting(
    Type.Array(APPLICATION, { description: 'a list: begin each of its tables with [[applications]]' }),
    '`stateless`, `stateful`, `hybrid`',
  ),
  verifiers: setting(
    Type.Array(VERIFIER, { description: 'a list: begin each of its tables with [[verifiers]]' }),
    'none',
  ),
} as const

/** A top-level key of the configuration, but for `policy`. */
export type SettingName = keyof typeof SETTINGS

/** What a setting looks like when it has its shape. */
export type SettingValue<Name extends SettingName> = Static<(typeof SETTINGS)[Name]['schema']>

/** The tables that can only be given in a file. */
export const FILE_ONLY: readonly SettingName[] = ['pages', 'applications', 'verifiers']

/** All names of `SETTINGS`. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]
