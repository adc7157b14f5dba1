import { toOneLine } from '../config/quoting.ts'
import { CommandFailure } from '../failure.ts'

/** A store could not be opened. Whether it might be in a while: it may just be starting, or not be found yet. */
export class StoreFailure extends CommandFailure {
  readonly mayPass: boolean

  constructor(message: string, mayPass: boolean) {
    super(toOneLine(message))
    this.mayPass = mayPass
  }
}

interface Reason {
  readonly says: string
  readonly mayPass: boolean
}

const away = (says: string): Reason => ({ says, mayPass: true })
const wrong = (says: string): Reason => ({ says, mayPass: false })

const LOGIN = wrong('it does not accept this user and password')
const UNTRUSTED = wrong('its certificate is not trusted: put the authority that signed it into NODE_EXTRA_CA_CERTS')

/** Codes of the operating system, of Node, of PostgreSQL (its manual, appendix A) and of Redis. */
const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: away('nothing listens there'),
  ECONNRESET: away('it hung up'),
  EPIPE: away('it hung up'),
  ETIMEDOUT: away('it does not answer'),
  EHOSTUNREACH: away('no way leads there'),
  ENETUNREACH: away('no way leads there'),
  ENOTFOUND: away('there is no host of that name'),
  EAI_AGAIN: away('the name of the host cannot be looked up'),
  ENOENT: away('there is no such socket or file'),
  EACCES: wrong('this user may not use that socket or file'),
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: wrong('its certificate has expired'),
  ERR_TLS_CERT_ALTNAME_INVALID: wrong('its certificate is for another host'),
  '28P01': LOGIN,
  '28000': LOGIN,
  '3D000': wrong('it has no such database: create it first'),
  '42501': wrong('this user may not do what is needed: let it own the database'),
  '53300': away('it has no connection left: see max_connections there, and database_connections here'),
  '57P01': away('it is stopping'),
  '57P03': away('it is starting'),
  '25006': away('it is a standby, which takes no writes'),
  WRONGPASS: LOGIN,
  NOAUTH: LOGIN,
  NOPERM: wrong('this user may not do what is needed'),
  LOADING: away('it is loading its data'),
  CLUSTERDOWN: away('the cluster is not whole'),
}

const PATTERNS: readonly (readonly [RegExp, Reason])[] = [
  [/does not support SSL/, wrong('it speaks no TLS: leave sslmode out, or switch TLS on there')],
  [/SASL|password must be a string/, LOGIN],
  [/without any password configured|no password is set/, wrong('it has no password: leave it out')],
  [/cluster support disabled/, wrong('it is no cluster: leave "+cluster" out')],
  [/wrong version number|ssl3_get_record|packet length too long/, wrong('it speaks no TLS')],
  [/[Tt]ime(d )?out/, away('it does not answer')],
  [/Connection terminated|[Ss]ocket closed/, away('it hung up')],
]

/** Why a connection could not be made, as far as that can be told; what its message says is left out, for it may repeat a command. */
export function reasonOf(error: unknown): Reason {
  for (const one of chainOf(error)) {
    const code = 'code' in one && typeof one.code === 'string' ? one.code : undefined
    const known = code === undefined ? undefined : REASONS[code]
    if (known !== undefined) return known
    const word = /^[A-Z]{4,}\b/.exec(one.message)?.[0]
    const pattern = PATTERNS.find(([expression]) => expression.test(one.message))?.[1]
    const reason = (word === undefined ? undefined : REASONS[word]) ?? pattern
    if (reason !== undefined) return reason
    if (code !== undefined) return wrong(`it cannot be used (${code})`)
  }
  return wrong(`it cannot be used (${error instanceof Error ? error.message : 'no reason given'})`)
}

/** The error, and what it came from. */
function* chainOf(error: unknown): Generator<Error> {
  for (let one = error; one instanceof Error; one = one.cause) {
    yield one
    if (one instanceof AggregateError) for (const part of one.errors) if (part instanceof Error) yield part
  }
}
