import { browserEnvironment } from './browser-environment.ts'
import { memoryStorage, type Environment, type Storage } from './environment.ts'

/** How a client is made. */
export interface ClientOptions {
  /** The issuer's URL, such as `https://auth.example.com`. */
  readonly issuer: string
  /** The application that sessions are started for. */
  readonly clientId: string
  /**
   * Where the long-lived token is kept, if the application hands it out in the body. Give one that only this program can read, such as the key chain of a
   * phone. Default: memory, so that a reload signs out. With cookies nothing is ever put there.
   */
  readonly storage?: Storage
  /** Whether tokens are bound to a key of this device (DPoP, RFC 9449). Default `auto`: where there are WebCrypto and IndexedDB. */
  readonly proof?: 'auto' | 'off'
  /** The origins that `fetch` may send the credential to, besides the issuer's and the page's own. Default: none. */
  readonly origins?: readonly string[]
  /** Replaces parts of where it runs. */
  readonly environment?: Partial<Environment>
}

/** What a client goes by. */
export interface Settings {
  /** Without a slash at its end. */
  readonly issuer: string
  readonly clientId: string
  /** What locks, channels, keys and notes of this client are called. */
  readonly name: string
  readonly storage: Storage
  /** Whether what is stored is there for the next page too. */
  readonly isShared: boolean
  readonly proves: boolean
  /** The origins that are given the credential. */
  readonly receivers: ReadonlySet<string>
  readonly environment: Environment
}

/** @throws {TypeError} that names the option. */
export function readOptions(options: ClientOptions): Settings {
  const { issuer, clientId, storage, proof = 'auto', origins = [], environment } = options
  if (!/^https?:/.test(issuer) || originOf(issuer) === undefined)
    throw new TypeError('issuer must be a URL, such as "https://auth.example.com"')
  if (clientId === '') throw new TypeError('clientId must name an application')
  if (!['auto', 'off'].includes(proof)) throw new TypeError("proof must be 'auto' or 'off'")
  const plain = issuer.replace(/\/+$/, '')
  const strange = origins.find((origin) => originOf(origin) !== origin)
  if (strange !== undefined)
    throw new TypeError(`origins must hold origins, such as "https://api.example.com", not "${strange}"`)
  const where = { ...browserEnvironment(), ...environment }
  return {
    issuer: plain,
    clientId,
    name: `counterfoil ${plain} ${clientId}`,
    storage: storage ?? memoryStorage(),
    isShared: storage !== undefined,
    proves: proof === 'auto',
    receivers: new Set([new URL(plain).origin, ...(where.origin === undefined ? [] : [where.origin]), ...origins]),
    environment: where,
  }
}

/** Undefined when the text is no URL. */
function originOf(text: string): string | undefined {
  try {
    return new URL(text).origin
  } catch {
    return undefined
  }
}
