import type { ErrorCode } from '@counterfoil/protocol'
import { errorStatus, errorText, PROOF_NONCE_HEADER } from '@counterfoil/protocol'
import type { OAuthErrorCode } from '../wire/oauth.ts'
import type { Fault } from './faults.ts'
import { retryAfterSeconds, type Answerable } from './problems.ts'

/** An error of the OAuth endpoints. */
export interface OAuthFault {
  readonly error: OAuthErrorCode
  readonly status: number
  readonly description: string
  readonly retryAfterMs?: number | undefined
  /** For the next proof of possession. */
  readonly nonce?: string | undefined
}

const STATUS: Readonly<Record<OAuthErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  unsupported_grant_type: 400,
  temporarily_unavailable: 503,
  server_error: 500,
}

/** An error of these endpoints with its usual status. */
export function oauthFault(error: OAuthErrorCode, description: string): OAuthFault {
  return { error, status: STATUS[error], description }
}

const GRANT_CODES = new Set<ErrorCode>([
  'credential_malformed',
  'credential_untrusted',
  'credential_expired',
  'credential_ended',
  'credential_bound',
])

/** Bodies that are too large keep the status that HTTP has for them. */
const OWN_STATUS = new Set<ErrorCode>(['body_too_large', 'uri_too_long'])

/** What an error of the table is called at these endpoints (RFC 6749 §5.2). */
export function oauthFaultOf({ code, detail, field, retryAfterMs, nonce }: Fault): OAuthFault {
  const text = [field?.replace(/^\//, ''), detail ?? errorText(code)]
    .filter((part) => part !== undefined && part !== '')
    .join(': ')
  if (GRANT_CODES.has(code)) return oauthFault('invalid_grant', errorText(code))
  // RFC 9449 §5 and §8: at the token endpoint these are errors of the request.
  if (code === 'invalid_dpop_proof' || code === 'use_dpop_nonce') return { ...oauthFault(code, text), nonce }
  if (code === 'unknown_application') return oauthFault('invalid_client', text)
  if (code === 'unsupported_media_type')
    return oauthFault('invalid_request', 'This endpoint takes application/x-www-form-urlencoded.')
  const status = errorStatus(code)
  if (status === 503 || status === 429)
    return { ...oauthFault('temporarily_unavailable', text), status, retryAfterMs: retryAfterMs ?? 1000 }
  if (status >= 500) return oauthFault('server_error', errorText(code))
  return { ...oauthFault('invalid_request', text), ...(OWN_STATUS.has(code) && { status }) }
}

/** What RFC 6749 §5.2 lets a description hold: printable ASCII without quotation mark and backslash. */
function asDescription(text: string): string {
  return text.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
}

/** Answers with an error as RFC 6749 §5.2 has it. */
export function sendOAuthError(reply: Answerable, fault: OAuthFault): undefined {
  reply.code(fault.status)
  reply.header('content-type', 'application/json; charset=utf-8')
  if (fault.retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(fault.retryAfterMs))
  if (fault.status === 401) reply.header('www-authenticate', 'Basic realm="counterfoil"')
  if (fault.nonce !== undefined) reply.header(PROOF_NONCE_HEADER, fault.nonce)
  reply.send(JSON.stringify({ error: fault.error, error_description: asDescription(fault.description) }))
  return undefined
}
