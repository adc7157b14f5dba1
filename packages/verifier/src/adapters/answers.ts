import type { Accepted, Decision, RefusalReason } from '../decision.ts'

/** An answer that is ready to be sent. */
export interface ReadyAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
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

const NO_STORE = { 'cache-control': 'no-store' }

/** To the probe of whoever is accepted. */
export const ACCEPTED: ReadyAnswer = { status: 204, headers: NO_STORE, body: '' }

/** More than one credential: nobody knows which of them was meant (RFC 6750 §3.1). */
export function refuseSeveral(): ReadyAnswer {
  return problem(400, 'ambiguous_credentials', challenge('ambiguous_credentials', 'invalid_request'))
}

/** Known, and not allowed (RFC 6750 §3.1). */
export function forbid(): ReadyAnswer {
  return problem(403, 'not_allowed', challenge('not_allowed', 'insufficient_scope'))
}

/** Why a credential lets nobody in: 401. `maxAuthAgeSeconds` is what the sign-in was too old for. */
export function refuse(reason: RefusalReason, maxAuthAgeSeconds?: number): ReadyAnswer {
  switch (reason) {
    case 'absent':
      return problem(401, 'credential_absent', challenge('credential_absent'))
    case 'expired':
      return problem(401, 'credential_expired', challenge('credential_expired', 'invalid_token'))
    case 'revoked':
      return problem(401, 'credential_ended', challenge('credential_ended', 'invalid_token'))
    case 'too-old-authentication':
      return demandNewerSignIn(maxAuthAgeSeconds)
    default:
      return problem(401, 'credential_untrusted', challenge('credential_untrusted', 'invalid_token'))
  }
}

/** RFC 9470 §3: `max_age` is a whole number of seconds. */
function demandNewerSignIn(maxAuthAgeSeconds: number | undefined): ReadyAnswer {
  const { 'www-authenticate': asked } = challenge('reauthentication_required', 'insufficient_user_authentication')
  const maxAge = maxAuthAgeSeconds === undefined ? '' : `, max_age="${String(Math.floor(maxAuthAgeSeconds))}"`
  return problem(401, 'reauthentication_required', { 'www-authenticate': asked + maxAge })
}

/** The answer to whoever is not let in. `maxAuthAgeSeconds` is what was asked of the sign-in. */
export function answerTo(decision: Exclude<Decision, Accepted>, maxAuthAgeSeconds?: number): ReadyAnswer {
  return decision.outcome === 'unknown'
    ? cannotTell(decision.retryAfterMs, decision.reason)
    : refuse(decision.reason, maxAuthAgeSeconds)
}

/** 503 and never 401: nobody is signed out because something cannot be known. */
export function cannotTell(retryAfterMs: number, reason: string): ReadyAnswer {
  return problem(503, 'cannot_tell', { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }, reason)
}

/** RFC 6750 §3: at least one parameter, and no error code for whoever sent no credential. */
function challenge(code: Code, error?: string): { readonly 'www-authenticate': string } {
  const described = error === undefined ? '' : `, error="${error}", error_description="${TITLES[code]}"`
  return { 'www-authenticate': `Bearer realm="counterfoil"${described}` }
}

function problem(status: number, code: Code, headers: Readonly<Record<string, string>>, reason?: string): ReadyAnswer {
  const body = { type: `urn:counterfoil:error:${code}`, title: TITLES[code], status, code, reason }
  return {
    status,
    headers: { ...NO_STORE, 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify(body),
  }
}
