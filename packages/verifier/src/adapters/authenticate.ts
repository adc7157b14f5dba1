import type { Accepted, Decision } from '../decision.ts'
import type { OnStale, VerifyOptions } from '../judgement.ts'
import type { Verifier } from '../verifier.ts'

/** Who is this: what an adapter asks of each request. */
export interface AuthenticateOptions {
  /** Whether a request without a credential may go on, as nobody. One with a bad credential never may. Default `false`. */
  readonly optional?: boolean | undefined
  /** What to do when the lease is lost. Default: the verifier's. */
  readonly onStale?: OnStale | undefined
  /** The one of the verifier's audiences that this is about. Default: any of them. */
  readonly audience?: string | undefined
  /**
   * A path that answers by itself, for `counterfoil drill`: 204 to whoever is accepted, else what everybody gets. Default: none.
   */
  readonly probe?: string | undefined
}

/** May they pass: what a route asks of whoever it is. */
export interface Requirements {
  /** One of these roles. Default: any role, or none. */
  readonly roles?: readonly string[] | undefined
  /** `true`: only if every revocation from before the bound would be known. */
  readonly fresh?: boolean | undefined
  /** How long ago the user may have proved who they are, in seconds. */
  readonly maxAuthAgeSeconds?: number | undefined
  /** What to do when the lease is lost, where this route is stricter than the rest. */
  readonly onStale?: OnStale | undefined
}

/** An answer that is ready to be sent. */
export interface ReadyAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Who it is (undefined: nobody, where that is allowed), or the answer in their stead. */
export type Authenticated = { readonly accepted: Accepted | undefined } | { readonly answer: ReadyAnswer }

/** What of a request tells who sent it. */
export interface Presented {
  readonly method: string
  /** Without the query: a credential is never looked for there (RFC 6750 §2.3). */
  readonly path: string
  /** Every `Authorization` header. */
  readonly authorization: readonly string[]
}

const TITLES = {
  ambiguous_credentials: 'More than one credential was sent. Send one.',
  credential_absent: 'This needs a credential: an access token or a session token.',
  credential_expired: 'The credential has expired. Refresh it or sign in again.',
  credential_ended: 'The session has ended. Sign in again.',
  credential_untrusted: 'The credential is none that this service takes.',
  reauthentication_required: 'This needs a more recent sign-in. Sign in again.',
  not_allowed: 'You are known, and may not do this.',
  cannot_tell: 'Cannot tell right now. You are still signed in; try again.',
} as const

type Code = keyof typeof TITLES

/** The credential of a request (RFC 6750 §2.1): undefined when there is none, `ambiguous` when there are several. */
export function readBearer(authorization: readonly string[]): string | undefined {
  return /^bearer +([^ ]+) *$/i.exec(authorization[0] ?? '')?.[1]
}

/** Finds out who sends a request. */
export async function authenticateRequest(
  verifier: Verifier,
  presented: Presented,
  options: AuthenticateOptions = {},
): Promise<Authenticated> {
  const { authorization } = presented
  if (authorization.length > 1) return { answer: problem(400, 'ambiguous_credentials') }
  const credential = readBearer(authorization)
  const isProbe = options.probe !== undefined && options.probe === presented.path && presented.method === 'GET'
  if (authorization.length === 0 && options.optional === true && !isProbe) return { accepted: undefined }
  const { onStale, audience } = options
  const judged = judge(await verifier.verify(credential, { onStale, audience }), undefined)
  return isProbe && 'accepted' in judged ? { answer: { status: 204, headers: NO_STORE, body: '' } } : judged
}

/**
 * Whether whoever was found may pass a route: undefined if so, else the answer in its stead. A route that is stricter about revocations or about the
 * age of the sign-in looks at the credential again, which costs no more than it did the first time.
 */
export async function requirePassage(
  verifier: Verifier,
  accepted: Accepted | undefined,
  authorization: readonly string[],
  requirements: Requirements,
): Promise<ReadyAnswer | undefined> {
  if (accepted === undefined) return challenge('credential_absent')
  const { roles, maxAuthAgeSeconds, onStale } = requirements
  if (roles !== undefined && !roles.some((role) => accepted.identity.roles.includes(role))) {
    const insufficient = {
      'www-authenticate': `Bearer error="insufficient_scope", error_description="${TITLES.not_allowed}"`,
    }
    return problem(403, 'not_allowed', insufficient)
  }
  const fresh = requirements.fresh === true
  if (maxAuthAgeSeconds === undefined && onStale === undefined && (!fresh || accepted.fresh)) return undefined
  const call: VerifyOptions = { maxAuthAgeSeconds, onStale: fresh ? 'introspect' : onStale }
  const judged = judge(await verifier.verify(readBearer(authorization), call), maxAuthAgeSeconds)
  if ('answer' in judged) return judged.answer
  return fresh && judged.accepted?.fresh !== true ? cannotTell(1000, 'stale') : undefined
}

const NO_STORE = { 'cache-control': 'no-store' }

function judge(decision: Decision, maxAuthAgeSeconds: number | undefined): Authenticated {
  switch (decision.outcome) {
    case 'accepted':
      return { accepted: decision }
    case 'unknown':
      return { answer: cannotTell(decision.retryAfterMs, decision.reason) }
    case 'refused':
      return { answer: refuse(decision.reason, maxAuthAgeSeconds) }
  }
}

function refuse(
  reason: Extract<Decision, { outcome: 'refused' }>['reason'],
  maxAgeSeconds: number | undefined,
): ReadyAnswer {
  switch (reason) {
    case 'absent':
      return challenge('credential_absent')
    case 'expired':
      return challenge('credential_expired', 'invalid_token')
    case 'revoked':
      return challenge('credential_ended', 'invalid_token')
    case 'too-old-authentication':
      return challenge('reauthentication_required', 'insufficient_user_authentication', maxAgeSeconds)
    default:
      return challenge('credential_untrusted', 'invalid_token')
  }
}

/** RFC 6750 §3: no error code for whoever sent no credential; RFC 9470 §3 where the sign-in is too old. */
function challenge(code: Code, error?: string, maxAgeSeconds?: number): ReadyAnswer {
  const described = error === undefined ? '' : ` error="${error}", error_description="${TITLES[code]}"`
  const maxAge = maxAgeSeconds === undefined ? '' : `, max_age="${String(maxAgeSeconds)}"`
  return problem(401, code, { 'www-authenticate': `Bearer${described}${maxAge}` })
}

/** 503 and never 401: nobody is signed out because something cannot be known. */
function cannotTell(retryAfterMs: number, reason: string): ReadyAnswer {
  return problem(503, 'cannot_tell', { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }, reason)
}

function problem(
  status: number,
  code: Code,
  headers: Readonly<Record<string, string>> = {},
  reason?: string,
): ReadyAnswer {
  const body = { type: `urn:counterfoil:error:${code}`, title: TITLES[code], status, code, reason }
  return {
    status,
    headers: { ...NO_STORE, 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify(body),
  }
}

/** What a request was let in by. */
export interface Passport {
  readonly verifier: Verifier
  readonly accepted: Accepted | undefined
  readonly authorization: readonly string[]
}

const passports = new WeakMap<object, Passport>()

/** Remembers by what a request was let in. `request` is the framework's own object. */
export function keepPassport(request: object, passport: Passport): void {
  passports.set(request, passport)
}

/** @throws {TypeError} when nothing has found out who sent this request: `authenticate` goes before `require`. */
export function passportOf(request: object): Passport {
  const passport = passports.get(request)
  if (passport === undefined)
    throw new TypeError('nothing has authenticated this request: authenticate goes before require')
  return passport
}

/** Finds out who sends a request, and remembers it; the answer to send if it ends here. */
export async function admit(
  request: object,
  verifier: Verifier,
  presented: Presented,
  options: AuthenticateOptions | undefined,
): Promise<ReadyAnswer | undefined> {
  const found = await authenticateRequest(verifier, presented, options)
  if ('answer' in found) return found.answer
  keepPassport(request, { verifier, accepted: found.accepted, authorization: presented.authorization })
  return undefined
}

/** The answer to send if a request may not pass. */
export async function checkPassport(request: object, requirements: Requirements): Promise<ReadyAnswer | undefined> {
  const { verifier, accepted, authorization } = passportOf(request)
  return requirePassage(verifier, accepted, authorization, requirements)
}

/** Calls back when what lets a request pass ends, until `stop` is called; at once if it has ended already. */
export function whenEnded(accepted: Accepted | undefined, end: () => void): () => void {
  if (accepted === undefined) return () => undefined
  const { signal } = accepted
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return () => signal.removeEventListener('abort', end)
}
