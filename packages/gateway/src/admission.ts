import type { Accepted, Decision, Verifier } from '@counterfoil/verifier'
import { answerTo, forbid, refuse, refuseSeveral, type ReadyAnswer } from '@counterfoil/verifier/answers'
import { problem, redirectTo, withCookie } from './answers.ts'
import type { BrowserBackEnd } from './browser/back-end.ts'
import type { Resolved } from './browser/browser-sessions.ts'
import { CLEAR_BROWSER_COOKIE } from './browser/cookie.ts'
import { changesSomething, mayChange } from './identity/cross-site.ts'
import { readCredential, type Presented } from './identity/credential.ts'
import type { Head } from './requests/head.ts'
import type { Route } from './settings.ts'

/** Who is let in, and by what; or the answer in their stead. */
export type Admission =
  | {
      readonly accepted: Accepted | undefined
      readonly presented: Presented | undefined
      /** `Set-Cookie` for the answer. */
      readonly cookie?: string | undefined
    }
  | { readonly answer: ReadyAnswer }

const INTERNAL: Admission = { answer: problem('internal') }
const NOBODY: Admission = { accepted: undefined, presented: undefined }

/** What deciding takes. */
export interface AdmissionParts {
  readonly verifier: Verifier
  /** Whose pages may use cookies here. */
  readonly origins: ReadonlySet<string>
  readonly browser: BrowserBackEnd | undefined
}

/** A request for admission. */
export interface Applicant {
  readonly route: Route
  readonly head: Head
  /** `UPGRADE` for a WebSocket, which may do everything. */
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** The client's address. */
  readonly client: string
}

/** Decides whether a request may pass a route: at once wherever the verifier can tell at once. Never throws, and never rejects. */
export function admit(parts: AdmissionParts, applicant: Applicant): Admission | Promise<Admission> {
  try {
    const admission = decide(parts, applicant)
    return admission instanceof Promise ? admission.catch(() => INTERNAL) : admission
  } catch {
    // A verifier throws where a route asks for what it does not know. One request fails of it, and not the process.
    return INTERNAL
  }
}

function decide(parts: AdmissionParts, applicant: Applicant): Admission | Promise<Admission> {
  const { route, head } = applicant
  if (route.isPublic) return NOBODY
  // A header says more than a cookie, which browsers add by themselves.
  if (route.isBrowser && parts.browser !== undefined && head.authorization.length === 0)
    return admitBrowser(parts, parts.browser, applicant)
  const presented = readCredential(head.authorization, head.cookies)
  if (presented === 'ambiguous') return { answer: refuseSeveral() }
  return admitPresented(parts, applicant, presented)
}

function admitPresented(
  { verifier, origins }: AdmissionParts,
  { route, head, method, target }: Applicant,
  presented: Presented | undefined,
): Admission | Promise<Admission> {
  if (presented?.carrier === 'cookie' && changesSomething(method) && !mayChange(head, origins))
    return { answer: problem('cross_origin') }
  const { onStale, audience, maxAuthAgeSeconds } = route
  const isBound = presented?.scheme === 'DPoP'
  const isPlain = onStale === undefined && audience === undefined && maxAuthAgeSeconds === undefined && !isBound
  // A WebSocket is opened by a GET, and its proof made for that.
  const proof = isBound
    ? { method: method === 'UPGRADE' ? 'GET' : method, url: target, headers: head.proofs }
    : undefined
  const call = isPlain ? undefined : { onStale, audience, maxAuthAgeSeconds, proof }
  const decision = verifier.verify(presented?.text, call)
  if (decision instanceof Promise) return decision.then((later) => conclude(route, later, presented))
  return conclude(route, decision, presented)
}

function conclude(route: Route, decision: Decision, presented: Presented | undefined): Admission {
  if (decision.outcome !== 'accepted') return { answer: answerTo(decision, route.maxAuthAgeSeconds, presented?.scheme) }
  const { roles, strategy } = decision.identity
  const hasRole = route.roles.length === 0 || route.roles.some((role) => roles.includes(role))
  const hasStrategy = route.strategies.length === 0 || route.strategies.includes(strategy)
  return hasRole && hasStrategy ? { accepted: decision, presented } : { answer: forbid() }
}

/** By the cookie of the browser, or, where there is none, as anybody; who is not let in and asked for a page is sent to sign in. */
async function admitBrowser(parts: AdmissionParts, browser: BrowserBackEnd, applicant: Applicant): Promise<Admission> {
  const { head, client } = applicant
  const resolved = await browser.resolve(head, { address: client, userAgent: head.userAgent })
  if (resolved === 'ambiguous') return { answer: refuseSeveral() }
  if (resolved === undefined) {
    const presented = readCredential([], head.cookies)
    if (presented === 'ambiguous') return { answer: refuseSeveral() }
    return forPeople(browser, applicant, await admitPresented(parts, applicant, presented))
  }
  return admitResolved(parts, browser, applicant, resolved)
}

async function admitResolved(
  parts: AdmissionParts,
  browser: BrowserBackEnd,
  applicant: Applicant,
  resolved: Resolved,
): Promise<Admission> {
  const { head } = applicant
  if (resolved === 'unknown') return { answer: problem('cannot_tell') }
  if (resolved === 'ended')
    return forPeople(browser, applicant, { answer: withCookie(refuse('revoked'), CLEAR_BROWSER_COOKIE) })
  const { accessToken, refreshToken } = resolved
  const admission = await admitPresented(parts, applicant, {
    carrier: 'cookie',
    scheme: 'Bearer',
    text: accessToken,
  })
  const isRefused = 'answer' in admission && admission.answer.status === 401
  // What is held is good for nothing any more: the next request finds out at the issuer what the cookie is worth.
  if (isRefused) browser.forget(head)
  if ('answer' in admission) return forPeople(browser, applicant, admission)
  return { ...admission, cookie: browser.cookieFor(head, refreshToken) }
}

/** A person who asked for a page is shown where to sign in; a program is told (RFC 9110 §12.5.1). */
function forPeople(browser: BrowserBackEnd, { head, method, target }: Applicant, admission: Admission): Admission {
  if (!('answer' in admission) || admission.answer.status !== 401) return admission
  const isPage = (method === 'GET' || method === 'HEAD') && head.accept?.includes('text/html') === true
  if (!isPage || (head.mode !== undefined && head.mode !== 'navigate')) return admission
  const cookie = admission.answer.headers['set-cookie']
  const redirect = redirectTo(browser.signInAt(target))
  return { answer: cookie === undefined ? redirect : withCookie(redirect, cookie) }
}
