import { ROUTES } from '@counterfoil/protocol'

/** Where the issuer is, and as what application browsers sign in. */
export interface IssuerClientSettings {
  /** Without a slash at the end. */
  readonly address: string
  readonly clientId: string
  /** Of a confidential application. */
  readonly clientSecret: string | undefined
  readonly timeoutMs: number
}

/** What a browser's session consists of. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresInSeconds: number
}

/** Who the client is, for the issuer's log and its throttling. */
export interface ClientOrigin {
  readonly address: string
  readonly userAgent: string | undefined
}

/** An answer of the issuer that is passed on as it is. */
export interface IssuerAnswer {
  readonly status: number
  readonly type: string
  readonly retryAfter: string | undefined
  readonly text: string
}

/** Signed in, with the session as the issuer shows it; or the issuer's own answer. */
export type SignedIn = { readonly tokens: Tokens; readonly session: unknown } | { readonly answer: IssuerAnswer }

/** New tokens; `ended`: this token buys none any more; `unknown`: nobody can tell now. */
export type Refreshed = { readonly tokens: Tokens } | 'ended' | 'unknown'

/** The issuer as a browser's back end talks to it. Never rejects: what cannot be had is `unknown`, or a 503. */
export class IssuerClient {
  readonly #settings: IssuerClientSettings

  constructor(settings: IssuerClientSettings) {
    this.#settings = settings
  }

  /** Signs in (`POST /sessions`). `given` is what the browser sent: the issuer judges it. */
  async signIn(given: object, origin: ClientOrigin): Promise<SignedIn> {
    const body = JSON.stringify({ ...given, client_id: this.#settings.clientId })
    const answer = await this.#send(ROUTES.sessions, body, 'application/json', origin)
    if (answer?.status !== 201) return { answer: answer ?? UNREACHABLE }
    const parsed = parse(answer.text)
    const tokens = readTokens(parsed)
    return tokens === undefined ? { answer: UNREACHABLE } : { tokens, session: parsed['session'] }
  }

  /** RFC 6749 §6. */
  async refresh(refreshToken: string, origin: ClientOrigin): Promise<Refreshed> {
    const form = this.#form({ grant_type: 'refresh_token', refresh_token: refreshToken })
    const answer = await this.#send(ROUTES.token, form, FORM, origin)
    if (answer?.status === 200) {
      const tokens = readTokens(parse(answer.text))
      return tokens === undefined ? 'unknown' : { tokens }
    }
    return answer?.status === 400 && parse(answer.text)['error'] === 'invalid_grant' ? 'ended' : 'unknown'
  }

  /** Ends the session of a token (RFC 7009 §2.1). False: nobody can tell whether it has. */
  async revoke(refreshToken: string, origin: ClientOrigin): Promise<boolean> {
    const answer = await this.#send(ROUTES.revoke, this.#form({ token: refreshToken }), FORM, origin)
    return answer?.status === 200
  }

  #form(members: Readonly<Record<string, string>>): string {
    const { clientId, clientSecret } = this.#settings
    const who = { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) }
    return new URLSearchParams({ ...members, ...who }).toString()
  }

  async #send(path: string, body: string, type: string, origin: ClientOrigin): Promise<IssuerAnswer | undefined> {
    const { address, timeoutMs } = this.#settings
    const headers = new Headers({ 'content-type': type, 'x-forwarded-for': origin.address })
    if (origin.userAgent !== undefined) headers.set('user-agent', origin.userAgent)
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(address + path, { method: 'POST', headers, body, signal, redirect: 'error' })
      return {
        status: response.status,
        type: response.headers.get('content-type') ?? 'application/json',
        retryAfter: response.headers.get('retry-after') ?? undefined,
        text: await response.text(),
      }
    } catch {
      return undefined
    }
  }
}

const FORM = 'application/x-www-form-urlencoded'

const UNREACHABLE: IssuerAnswer = {
  status: 503,
  type: 'application/problem+json',
  retryAfter: '1',
  text: JSON.stringify({
    type: 'urn:counterfoil:error:cannot_tell',
    title: 'Cannot tell right now. Try again.',
    status: 503,
    code: 'cannot_tell',
  }),
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function readTokens(answer: Readonly<Record<string, unknown>>): Tokens | undefined {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresInSeconds } = answer
  if (typeof accessToken !== 'string' || typeof refreshToken !== 'string' || typeof expiresInSeconds !== 'number')
    return undefined
  return { accessToken, refreshToken, expiresInSeconds }
}
