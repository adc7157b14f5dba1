import { errorText, PROOF_ALGORITHMS, PROOF_NONCE_HEADER } from '@counterfoil/protocol'
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
  credential_bound: errorText('credential_bound'),
  credential_unbound: errorText('credential_unbound'),
  invalid_dpop_proof: errorText('invalid_dpop_proof'),
  use_dpop_nonce: errorText('use_dpop_nonce'),
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

/** The scheme that a credential came with. */
type Scheme = 'Bearer' | 'DPoP'

/** Why a credential of this scheme (default `Bearer`) lets nobody in: 401. `maxAuthAgeSeconds` is what the sign-in was too old for. */
export function refuse(reason: RefusalReason, maxAuthAgeSeconds?: number, scheme?: Scheme): ReadyAnswer {
  switch (reason) {
    case 'absent':
      return problem(401, 'credential_absent', challenge('credential_absent'))
    case 'expired':
      return problem(401, 'credential_expired', challenge('credential_expired', 'invalid_token', scheme))
    case 'revoked':
      return problem(401, 'credential_ended', challenge('credential_ended', 'invalid_token', scheme))
    case 'too-old-authentication':
      return demandNewerSignIn(maxAuthAgeSeconds, scheme)
    case 'bound':
      return problem(401, 'credential_bound', challenge('credential_bound', 'invalid_token', 'DPoP'))
    case 'unbound':
      return problem(401, 'credential_unbound', challenge('credential_unbound', 'invalid_token'))
    case 'invalid-proof':
      return problem(401, 'invalid_dpop_proof', challenge('invalid_dpop_proof', 'invalid_dpop_proof', 'DPoP'))
    case 'nonce-required':
      return problem(401, 'use_dpop_nonce', challenge('use_dpop_nonce', 'use_dpop_nonce', 'DPoP'))
    default:
      return problem(401, 'credential_untrusted', challenge('credential_untrusted', 'invalid_token', scheme))
  }
}

/** RFC 9470 §3: `max_age` is a whole number of seconds. */
function demandNewerSignIn(maxAuthAgeSeconds: number | undefined, scheme: Scheme | undefined): ReadyAnswer {
  const code = 'reauthentication_required'
  const { 'www-authenticate': asked } = challenge(code, 'insufficient_user_authentication', scheme)
  const maxAge = maxAuthAgeSeconds === undefined ? '' : `, max_age="${String(Math.floor(maxAuthAgeSeconds))}"`
  return problem(401, code, { 'www-authenticate': asked + maxAge })
}

/** The answer to whoever is not let in. `maxAuthAgeSeconds` is what was asked of the sign-in; `scheme` what the credential came with, default `Bearer`. */
export function answerTo(
  decision: Exclude<Decision, Accepted>,
  maxAuthAgeSeconds?: number,
  scheme?: Scheme,
): ReadyAnswer {
  if (decision.outcome === 'unknown') return cannotTell(decision.retryAfterMs, decision.reason)
  const answer = refuse(decision.reason, maxAuthAgeSeconds, scheme)
  // RFC 9449 §9: the nonce for the next proof.
  return decision.nonce === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, [PROOF_NONCE_HEADER]: decision.nonce } }
}

/** 503 and never 401: nobody is signed out because something cannot be known. */
export function cannotTell(retryAfterMs: number, reason: string): ReadyAnswer {
  return problem(503, 'cannot_tell', { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }, reason)
}

/** RFC 6750 §3: at least one parameter, and no error code for whoever sent no credential. */
function challenge(code: Code, error?: string, scheme: Scheme = 'Bearer'): { readonly 'www-authenticate': string } {
  // RFC 9449 §7.1: which algorithms proofs may be signed with.
  const algorithms = scheme === 'DPoP' ? `, algs="${PROOF_ALGORITHMS.join(' ')}"` : ''
  const described = error === undefined ? '' : `, error="${error}", error_description="${TITLES[code]}"`
  return { 'www-authenticate': `${scheme} realm="counterfoil"${algorithms}${described}` }
}

function problem(status: number, code: Code, headers: Readonly<Record<string, string>>, reason?: string): ReadyAnswer {
  const body = { type: `urn:counterfoil:error:${code}`, title: TITLES[code], status, code, reason }
  return {
    status,
    headers: { ...NO_STORE, 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify(body),
  }
}
