import { suggest } from './nearest.ts'
import { HIDDEN_PASSWORD } from './quoting.ts'
import { SettingError } from './setting-error.ts'

/** Parameters that mean something to the driver; others would be ignored without a word. */
const PARAMETERS = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'options'] as const

const MODES = ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full']

/**
 * The URL of a PostgreSQL database, as the driver takes it. What is wrong is told without the text, which may hold a password.
 *
 * @throws {SettingError}
 */
export function readPostgresUrl(text: string, place: string): string {
  const refuse = (problem: string): never => {
    throw new SettingError(place, problem)
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || text.includes('#') || !isDecodable(text)) {
    return refuse(
      'must be a URL, such as "postgres://user:password@db.example.com/counterfoil", with what is special in the password as %40 for @',
    )
  }
  for (const [name, value] of url.searchParams) {
    if (!PARAMETERS.some((known) => known === name)) {
      const problem = /passw/i.test(name) ? 'put the password before the @' : suggest(name, PARAMETERS)
      return refuse(`has a parameter that is none: ${problem}`)
    }
    if (name === 'sslmode' && !MODES.includes(value)) return refuse(`must have an sslmode of ${MODES.join(', ')}`)
  }
  if (/,|%2c/i.test(url.host)) return refuse('must name one host: a name or a proxy that leads to the primary')
  if (url.host === '' && !url.searchParams.has('host')) return refuse('must name a host: postgres://user@host/database')
  if (url.pathname.length < 2 || url.pathname.indexOf('/', 1) > 0)
    return refuse('must name a database: postgres://user@host/database')
  return verifying(url).href
}

/** The driver verifies certificates in all of these modes, and warns about the older names on standard error. */
function verifying(url: URL): URL {
  const mode = url.searchParams.get('sslmode')
  if (mode !== null && /^(prefer|require|verify-ca)$/.test(mode)) url.searchParams.set('sslmode', 'verify-full')
  return url
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** The URL with its password masked. */
export function showPostgresUrl(text: string): string {
  const url = new URL(text)
  if (url.password !== '') url.password = HIDDEN_PASSWORD
  return url.href
}
