import { ROUTES } from '@counterfoil/protocol'
import { refreshCookie, sessionCookie, type Message } from './ask.ts'

/** The applications of the installations under test: both stored strategies, in the hands of a program and of a browser. */
export const APPLICATIONS = {
  hybrid: { strategy: 'hybrid', transport: 'body' },
  stateful: { strategy: 'stateful', transport: 'body' },
  spa: { strategy: 'hybrid', transport: 'cookie' },
  pages: { strategy: 'stateful', transport: 'cookie' },
} as const

/** One of them. */
export type ApplicationName = keyof typeof APPLICATIONS

/** How long after a rotation a client that got no answer may try again with the same token; the server's window is longer. */
const RETRY_MS = 20_000

/** What one device of a user holds of its session. */
export class Device {
  readonly session: string
  readonly application: ApplicationName
  /** The value that the attribute was last given, as far as this device has tried. */
  written = 0
  #token: string
  #accessToken: string | undefined
  #earlier: string[] = []
  #rotatedAt = 0

  constructor(session: string, application: ApplicationName, token: string, accessToken: string | undefined) {
    this.session = session
    this.application = application
    this.#token = token
    this.#accessToken = accessToken
  }

  get isHybrid(): boolean {
    return APPLICATIONS[this.application].strategy === 'hybrid'
  }

  /** The refresh token, or the session token. */
  get token(): string {
    return this.#token
  }

  /** What a service is shown. */
  get accessToken(): string | undefined {
    return this.#accessToken
  }

  /** The token before the latest, while trying again with it is still honest. */
  previous(now: number): string | undefined {
    return now - this.#rotatedAt < RETRY_MS ? this.#earlier.at(-1) : undefined
  }

  /** A token that was spent long ago: only a thief presents it. */
  get stale(): string | undefined {
    return this.#earlier.at(-2)
  }

  rotated(token: string, accessToken: string | undefined, now: number): void {
    this.#accessToken = accessToken ?? this.#accessToken
    if (token === this.#token) return
    this.#earlier.push(this.#token)
    this.#token = token
    this.#rotatedAt = now
  }

  /** The user has proved anew who they are: what was held before counts no more. */
  renewed(token: string, accessToken: string | undefined): void {
    this.#token = token
    this.#accessToken = accessToken
    this.#earlier = []
  }

  /** A request of this session, with what identifies it. */
  request(message: Message): Message {
    if (this.isHybrid) return { ...message, bearer: this.#accessToken }
    return this.application === 'pages'
      ? { ...message, cookie: sessionCookie(this.#token) }
      : { ...message, bearer: this.#token }
  }

  /** A request for the successor of a refresh token. */
  refreshing(token: string): Message {
    const form = { grant_type: 'refresh_token', client_id: this.application }
    return this.application === 'spa'
      ? { path: ROUTES.token, form, cookie: refreshCookie(this.application, token) }
      : { path: ROUTES.token, form: { ...form, refresh_token: token } }
  }
}
