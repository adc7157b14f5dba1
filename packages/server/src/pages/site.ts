import type { Caller } from '@counterfoil/core'
import { AuthError, opaqueTokenKind, SESSION_COOKIE, type ApplicationId } from '@counterfoil/protocol'
import type { ApplicationSettings } from '@counterfoil/core'
import { isRefusal } from '@counterfoil/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerContext } from '../context.ts'
import { readCookie } from '../http/credentials.ts'
import { asLanguage, LANGUAGE_COOKIE, negotiateLanguage, type Language } from './language.ts'
import { readReturnTo } from './return-to.ts'
import type { Theme } from './theme.ts'
import { WORDS, type Words } from './words.ts'

/** Where the pages are, relative to the issuer URL. */
export const PATHS = {
  home: '/',
  signIn: '/sign-in',
  signUp: '/sign-up',
  signOut: '/sign-out',
  signedIn: '/signed-in',
  signedOut: '/signed-out',
  account: '/my/account',
  devices: '/my/devices',
} as const

/** A page that can be asked for. */
export type PagePath = (typeof PATHS)[keyof typeof PATHS]

/** Every page is left out of the interface's document, and no page of another origin may read one. */
export const PAGE_ROUTE = { schema: { hide: true }, config: { cors: false } } as const

/** Names the application of the pages. No other may have this name. */
export const PAGES_CLIENT_ID = 'account-pages'

/** The application whose sessions the pages start. The server declares it by itself. */
export const PAGES_APPLICATION: ApplicationSettings = {
  id: PAGES_CLIENT_ID as ApplicationId,
  name: 'Account pages',
  strategy: 'stateful',
  transport: 'cookie',
  audience: [],
  origins: [],
  redirectUris: [],
  lifetimes: {},
}

/** What all pages work with. */
export interface Site {
  readonly context: ServerContext
  readonly theme: Theme
  /** The path of the issuer URL, which addresses of the pages begin with; empty at the root of its host. */
  readonly base: string
  /** Those of the configuration. */
  readonly applications: readonly ApplicationSettings[]
  /** Every origin that some application lists. */
  readonly origins: readonly string[]
}

/** What was sent by a form or in a query: text by name. What came twice counts as not sent. */
export type Fields = Readonly<Record<string, string>>

/** The text in a parsed form or query. */
export function readFields(sent: unknown): Fields {
  if (typeof sent !== 'object' || sent === null) return {}
  return Object.fromEntries(
    Object.entries(sent).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** One request for a page: who reads it how, and where it leads. */
export interface View {
  readonly site: Site
  readonly language: Language
  readonly words: Words
  /** The page that the answer is about; a form that is sent leads back to it. */
  readonly path: PagePath
  /** Where to go after sign-in, checked. */
  readonly returnTo: string | undefined
  /** Whether a password is asked for even of somebody who is signed in. */
  readonly again: boolean
  readonly signedIn: boolean
}

/** The language that a request asks for: the switch, else the cookie of an earlier switch, else `Accept-Language`. */
function languageOf({ headers, query }: Pick<FastifyRequest, 'headers' | 'query'>): Language {
  const switched = asLanguage(readFields(query)['lang'])
  const kept = asLanguage(readCookie(headers.cookie, LANGUAGE_COOKIE))
  return switched ?? kept ?? negotiateLanguage(headers['accept-language'])
}

/** What a request for a page is about. */
export function viewOf(site: Site, request: FastifyRequest, path: PagePath, signedIn = false): View {
  const language = languageOf(request)
  const asked = { ...readFields(request.query), ...readFields(request.body) }
  const returnTo = readReturnTo(asked['return_to'], { own: site.context.origin, listed: site.origins })
  const again = asked['again'] !== undefined
  return { site, language, words: WORDS[language], path, returnTo, again, signedIn }
}

/** Sends the browser on with GET, whatever it came with: 303, so that no form is ever sent a second time (RFC 9700 §4.12). */
export function leadTo(reply: FastifyReply, location: string): undefined {
  reply.code(303).header('location', location).send()
  return undefined
}

/**
 * Who reads a page, by the session cookie of this origin; any application's will do.
 *
 * @throws {AuthError} `ambiguous_credentials` when there are two such cookies.
 */
export async function findReader({ context }: Site, request: FastifyRequest): Promise<Caller | undefined> {
  const token = readCookie(request.headers.cookie, SESSION_COOKIE)
  if (token === 'ambiguous') throw new AuthError('ambiguous_credentials')
  if (token === undefined || opaqueTokenKind(token) !== 'session') return undefined
  const outcome = await context.auth.recogniseSessionToken(token)
  return isRefusal(outcome) ? undefined : outcome
}

/** The same for a page that only its owner may see: whoever is nobody is led to sign-in, and back afterwards. */
export async function requireReader(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
  path: PagePath,
): Promise<Caller | undefined> {
  const caller = await findReader(site, request)
  if (caller !== undefined) {
    request.subject = caller
    return caller
  }
  const back = new URLSearchParams({ return_to: site.base + path })
  return leadTo(reply, `${site.base}${PATHS.signIn}?${back.toString()}`)
}

/** Whether somebody proved not long ago who they are: a device that was left open must not end the sessions of its owner (ASVS 7.5.2). */
export function isRecent({ context: { policy, clock } }: Site, { session }: Caller): boolean {
  return clock.now() - session.authenticatedAt <= policy.reauthenticationSeconds * 1000
}

/** Leads to where somebody proves anew who they are, and back to a page afterwards. */
export function leadToSignInAgain({ base }: Site, reply: FastifyReply, path: PagePath): undefined {
  const query = new URLSearchParams({ again: '', return_to: base + path })
  return leadTo(reply, `${base}${PATHS.signIn}?${query.toString()}`)
}
