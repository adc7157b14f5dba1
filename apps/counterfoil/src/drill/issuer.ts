import { ROUTES } from '@counterfoil/protocol'
import { quote } from '../config/quoting.ts'
import { Unmeasurable } from './unmeasurable.ts'
import type { Revocation } from './verdict.ts'

/** Longer than a wait for everybody takes on any sensible lease. */
const PATIENCE_MS = 30_000

/** Who signs in, and where. */
export interface Visitor {
  readonly email: string
  readonly password: string
  readonly clientId: string
}

interface Answer {
  readonly status: number
  /** By the server's clock, when it answered; undefined where it does not say. */
  readonly dated: number | undefined
  readonly body: Readonly<Record<string, unknown>>
}

interface Message {
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly bearer?: string
  readonly json?: object
}

/** The installation that is tried, over HTTP. Whatever it refuses is `Unmeasurable`. */
export class Issuer {
  readonly url: string

  constructor(url: string) {
    this.url = url.replace(/\/$/, '')
  }

  async signUp({ email, password }: Visitor): Promise<void> {
    const answer = await this.#send({ method: 'POST', path: ROUTES.accounts, json: { email, password } })
    if (answer.status === 201) return
    if (answer.body['code'] === 'sign_up_closed')
      throw new Unmeasurable('sign-up is closed: add an account for the drill, and name it with --email')
    throw refusal('a sign-up', answer)
  }

  /** The credential of a new session. */
  async signIn({ email, password, clientId }: Visitor): Promise<string> {
    const json = { client_id: clientId, email, password, device_label: 'counterfoil drill' }
    const answer = await this.#send({ method: 'POST', path: ROUTES.sessions, json })
    if (answer.status !== 201) throw refusal('a sign-in', answer)
    const credential = answer.body['access_token'] ?? answer.body['session_token']
    if (typeof credential === 'string') return credential
    throw new Unmeasurable(
      `the application ${quote(clientId)} keeps its credential in a cookie: name one that hands it over`,
    )
  }

  /** Ends the session of a credential. */
  async revoke(bearer: string): Promise<Revocation> {
    const sentAtWall = Date.now()
    const sentAt = performance.now()
    const answer = await this.#send({ method: 'DELETE', path: ROUTES.currentSession, bearer })
    const returnedAt = performance.now()
    if (answer.status !== 200) throw refusal('a revocation', answer)
    return { sentAt, returnedAt, sentAtWall, datedWall: answer.dated, obeyedByWall: readObeyedBy(answer) }
  }

  /** Removes the account. */
  async erase(visitor: Visitor): Promise<void> {
    const answer = await this.#send({ method: 'DELETE', path: ROUTES.account, bearer: await this.signIn(visitor) })
    if (answer.status !== 200) throw refusal('the removal of the account', answer)
  }

  async #send({ method, path, bearer, json }: Message): Promise<Answer> {
    const headers = {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    }
    try {
      const response = await fetch(this.url + path, {
        method,
        headers,
        body: json === undefined ? null : JSON.stringify(json),
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      const { status, headers: told } = response
      return { status, dated: readDate(told.get('date')), body: readObject(await response.text()) }
    } catch (error) {
      throw new Unmeasurable(`${this.url} cannot be reached: ${causeOf(error)}`)
    }
  }
}

function readDate(text: string | null): number | undefined {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? undefined : at
}

/** What lies behind an error of fetch, which itself says little. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : error.message
}

function readObeyedBy({ body }: Answer): number {
  const { revocation } = body
  const text = isObject(revocation) ? revocation['obeyed_by'] : undefined
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new Unmeasurable('the answer to a revocation does not say by when it is obeyed')
  return at
}

function refusal(what: string, { status, body }: Answer): Unmeasurable {
  const { code, detail } = body
  const reasons = [code, detail].filter((each) => typeof each === 'string')
  return new Unmeasurable(`${what} was answered with ${[String(status), ...reasons].join(' ')}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readObject(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
