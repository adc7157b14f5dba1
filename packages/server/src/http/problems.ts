import { ERRORS, errorStatus, errorText, PROOF_ALGORITHMS, PROOF_NONCE_HEADER } from '@counterfoil/protocol'
import type { Scheme } from './credentials.ts'
import type { Fault } from './faults.ts'

/** `application/problem+json` (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json'

const REALM = 'realm="counterfoil"'

/** RFC 9449 §7.1: the challenge names the algorithms that proofs may be signed with. */
const DPOP = `DPoP ${REALM}, algs="${PROOF_ALGORITHMS.join(' ')}"`

/** The few methods of a reply that an error is sent with. */
export interface Answerable {
  code(status: number): unknown
  header(name: string, value: string): unknown
  send(payload: string): unknown
}

/** The body of an error as RFC 9457 has it, with `code` and `field` of our own. */
export function problemOf({ code, detail, field }: Fault): Readonly<Record<string, unknown>> {
  return {
    type: `urn:counterfoil:error:${code}`,
    title: errorText(code),
    status: errorStatus(code),
    code,
    ...(detail !== undefined && detail !== errorText(code) && { detail }),
    ...(field !== undefined && { field }),
  }
}

/**
 * `WWW-Authenticate` for a 401. An absent credential gets no error code (RFC 6750 §3.1); one that has to be newer gets that
 * of RFC 9470 §3; what is about proofs, that of RFC 9449 §7.1 and §9.
 */
function challengeOf({ code, scheme = 'Bearer' }: Fault): string {
  const said = (error: string): string => `error="${error}", error_description="${errorText(code)}"`
  switch (code) {
    case 'credential_absent':
      return `Bearer ${REALM}, ${DPOP}`
    case 'sign_in_failed':
      return `Bearer ${REALM}`
    case 'reauthentication_required':
      return challenge(scheme, said('insufficient_user_authentication'))
    case 'invalid_dpop_proof':
    case 'use_dpop_nonce':
      return challenge('DPoP', said(code))
    case 'credential_bound':
      return challenge('DPoP', said('invalid_token'))
    case 'credential_unbound':
      return challenge('Bearer', said('invalid_token'))
    default:
      return challenge(scheme, said('invalid_token'))
  }
}

function challenge(scheme: Scheme, said: string): string {
  return scheme === 'DPoP' ? `${DPOP}, ${said}` : `Bearer ${REALM}, ${said}`
}

/** `Retry-After` (RFC 9110 §10.2.3): whole seconds, at least one. */
export function retryAfterSeconds(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
}

/** The longest that a client is told to wait where the fault does not say: an answer of 503 always names a time. */
const UNAVAILABLE_MS = 1000

/** Answers with an error. No cookie is touched: "cannot tell" is not "signed out". */
export function sendProblem(reply: Answerable, fault: Fault): void {
  const [status] = ERRORS[fault.code]
  const retryAfterMs = fault.retryAfterMs ?? (status === 503 ? UNAVAILABLE_MS : undefined)
  reply.code(status)
  reply.header('content-type', PROBLEM_TYPE)
  if (retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(retryAfterMs))
  if (status === 401) reply.header('www-authenticate', challengeOf(fault))
  if (fault.nonce !== undefined) reply.header(PROOF_NONCE_HEADER, fault.nonce)
  reply.send(JSON.stringify(problemOf(fault)))
}
