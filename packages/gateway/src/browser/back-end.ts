import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { problem, withCookie } from '../answers.ts'
import { mayChange } from '../identity/cross-site.ts'
import { readCookie } from '../identity/credential.ts'
import type { Head } from '../requests/head.ts'
import { BrowserSessions, type Resolved } from './browser-sessions.ts'
import { BROWSER_COOKIE, CLEAR_BROWSER_COOKIE, setBrowserCookie } from './cookie.ts'
import { IssuerClient, type ClientOrigin, type IssuerAnswer, type IssuerClientSettings } from './issuer-client.ts'

/** Browsers whose tokens the gateway keeps. */
export interface BrowserSettings extends IssuerClientSettings {
  /** Where people are sent to sign in: a path of the gateway, or a URL. */
  readonly signInPage: string
  /** Milliseconds that never go back. */
  readonly now: () => number
}

/** Where browsers sign in and out, below the gateway's own path. */
export const SESSION_ENDPOINT = '/session'

const MOST_SESSIONS = 100_000

/** The back end of browsers: they hold a cookie that nothing on the page can read, and never a token. */
export class BrowserBackEnd {
  readonly #settings: BrowserSettings
  readonly #issuer: IssuerClient
  readonly #sessions: BrowserSessions

  constructor(settings: BrowserSettings) {
    this.#settings = settings
    this.#issuer = new IssuerClient(settings)
    this.#sessions = new BrowserSessions({
      refresh: (refreshToken, origin) => this.#issuer.refresh(refreshToken, origin),
      now: settings.now,
      after: (ms) => sleep(ms, undefined, { ref: false }),
      most: MOST_SESSIONS,
    })
  }

  /** What stands for the cookie of a request; undefined: there is none. */
  resolve(head: Head, origin: ClientOrigin): Resolved | Promise<Resolved> | 'ambiguous' | undefined {
    const refreshToken = readCookie(head.cookies, BROWSER_COOKIE)
    if (refreshToken === undefined || refreshToken === 'ambiguous') return refreshToken
    return this.#sessions.resolve(refreshToken, origin)
  }

  /** `Set-Cookie` where the browser's cookie is not the present one any more. */
  cookieFor(head: Head, refreshToken: string): string | undefined {
    return readCookie(head.cookies, BROWSER_COOKIE) === refreshToken ? undefined : setBrowserCookie(refreshToken)
  }

  /** Forgets what is held for the cookie of a request: its session is over. */
  forget(head: Head): void {
    const refreshToken = readCookie(head.cookies, BROWSER_COOKIE)
    if (refreshToken !== undefined) this.#sessions.forget(refreshToken)
  }

  /** Where a person goes who asked for a page and is signed in no more. */
  signInAt(target: string): string {
    const { signInPage } = this.#settings
    const mark = signInPage.includes('?') ? '&' : '?'
    return `${signInPage}${mark}return_to=${encodeURIComponent(target)}`
  }

  /** Answers at the endpoint where browsers sign in (POST) and out (DELETE). */
  async answer(
    method: string,
    head: Head,
    body: () => Promise<string | undefined>,
    { origins, origin }: { readonly origins: ReadonlySet<string>; readonly origin: ClientOrigin },
  ): Promise<ReadyAnswer> {
    if (method !== 'POST' && method !== 'DELETE') return problem('method_not_allowed', { allow: 'POST, DELETE' })
    if (!mayChange(head, origins)) return problem('cross_origin')
    if (method === 'DELETE') return this.#signOut(head, origin)
    const given = readJson(head, await body())
    if (given === undefined)
      return problem('bad_request', { detail: 'The body is a JSON object with email and password.' })
    const outcome = await this.#issuer.signIn(given, origin)
    if ('answer' in outcome) return passOn(outcome.answer)
    const { refreshToken } = this.#sessions.keep(outcome.tokens)
    return withCookie(json(201, { session: outcome.session }), setBrowserCookie(refreshToken))
  }

  async #signOut(head: Head, origin: ClientOrigin): Promise<ReadyAnswer> {
    const refreshToken = readCookie(head.cookies, BROWSER_COOKIE)
    if (refreshToken === 'ambiguous') return problem('bad_request', { detail: 'The cookie is there twice.' })
    if (refreshToken === undefined) return withCookie(json(200, {}), CLEAR_BROWSER_COOKIE)
    // The present token, where the cookie is an earlier one: only that ends the session without a word of theft.
    const resolved = await this.#sessions.resolve(refreshToken, origin)
    if (resolved === 'unknown') return problem('cannot_tell')
    if (resolved !== 'ended' && !(await this.#issuer.revoke(resolved.refreshToken, origin)))
      return problem('cannot_tell')
    this.#sessions.forget(refreshToken)
    return withCookie(json(200, {}), CLEAR_BROWSER_COOKIE)
  }
}

function readJson({ contentType }: Head, text: string | undefined): object | undefined {
  if (text === undefined || contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function json(status: number, value: object): ReadyAnswer {
  const headers = { 'cache-control': 'no-store', 'content-type': 'application/json' }
  return { status, headers, body: JSON.stringify(value) }
}

function passOn({ status, type, retryAfter, text }: IssuerAnswer): ReadyAnswer {
  const headers = { 'cache-control': 'no-store', 'content-type': type }
  return { status, headers: retryAfter === undefined ? headers : { ...headers, 'retry-after': retryAfter }, body: text }
}
