import { ERRORS, errorStatus, errorText, type ErrorCode } from '@counterfoil/protocol'
import type { Fault } from './faults.ts'

/** `application/problem+json` (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json'

const REALM = 'realm="counterfoil"'

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
 * of RFC 9470 §3.
 */
function challengeOf(code: ErrorCode): string {
  switch (code) {
    case 'credential_absent':
    case 'sign_in_failed':
      return `Bearer ${REALM}`
    case 'reauthentication_required':
      return `Bearer ${REALM}, error="insufficient_user_authentication", error_description="${errorText(code)}"`
    default:
      return `Bearer ${REALM}, error="invalid_token", error_description="${errorText(code)}"`
  }
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
  if (status === 401) reply.header('www-authenticate', challengeOf(fault.code))
  reply.send(JSON.stringify(problemOf(fault)))
}
