/**
 * Every error that the server answers with: code → status → public text. The text is for the developer who calls the
 * interface; it never repeats what was sent. `docs/errors.md` is held to this table by a test.
 */
export const ERRORS = {
  malformed_json: [400, 'The body is not valid JSON.'],
  invalid_request: [400, 'The request does not have the form that this endpoint takes.'],
  ambiguous_credentials: [400, 'More than one credential of the same kind was sent. Send one.'],
  password_unacceptable: [400, 'The password does not meet the rules.'],
  unknown_application: [400, 'There is no application with this client_id.'],
  credential_absent: [401, 'This needs a credential: an access token, a session token, or their cookie.'],
  credential_malformed: [401, 'The credential does not have the form of any that this issuer makes.'],
  credential_untrusted: [401, 'The credential was not made by this issuer for this use.'],
  credential_expired: [401, 'The credential has expired. Refresh it or sign in again.'],
  credential_ended: [401, 'The session has ended. Sign in again.'],
  credential_bound: [
    401,
    'The credential is bound to a key: it needs the DPoP scheme, and a proof made with that key.',
  ],
  credential_unbound: [401, 'The credential is bound to no key: it needs the Bearer scheme.'],
  invalid_dpop_proof: [401, 'The proof of possession (DPoP) is missing or not good for this request.'],
  use_dpop_nonce: [401, 'The proof of possession needs the nonce that comes with this answer, in DPoP-Nonce.'],
  reauthentication_required: [401, 'This needs a sign-in of the last 15 minutes. Sign in again.'],
  sign_in_failed: [401, 'The email address or the password is wrong.'],
  wrong_password: [403, 'The current password is wrong.'],
  cross_origin: [403, 'A request with cookies must come from the same origin or from one that the application lists.'],
  audience_not_allowed: [403, 'The application of this session may not be used for this audience.'],
  sign_up_closed: [403, 'New accounts are not being taken here.'],
  not_found: [404, 'There is nothing here.'],
  method_not_allowed: [405, 'This path does not take this method.'],
  request_timeout: [408, 'The request did not arrive in time.'],
  email_taken: [409, 'There is an account with this email address already.'],
  no_attributes: [409, 'A stateless session has no per-session data. Use the stateful or the hybrid strategy.'],
  attribute_changed: [412, 'The attributes were changed since they were read. Read them again.'],
  body_too_large: [413, 'The body is larger than 64 KiB.'],
  attributes_too_large: [413, 'The attributes of a session hold at most 64 KiB in all.'],
  uri_too_long: [414, 'The address is too long.'],
  unsupported_media_type: [415, 'This endpoint takes application/json.'],
  too_many_attempts: [429, 'Too many attempts. Wait before the next one.'],
  headers_too_large: [431, 'The headers are too large.'],
  internal: [500, 'Something went wrong here. It has been logged.'],
  store_unavailable: [503, 'Cannot tell right now: the store is out of reach. Nothing was lost; try again.'],
  busy: [503, 'Too much is going on for this right now. Try again.'],
  draining: [503, 'This server is shutting down. Try again.'],
} as const satisfies Record<string, readonly [status: number, text: string]>

/** A stable name of an error; the `code` member of `application/problem+json` (RFC 9457). */
export type ErrorCode = keyof typeof ERRORS

/** HTTP status of an error. */
export function errorStatus(code: ErrorCode): number {
  return ERRORS[code][0]
}

/** Public text of an error. */
export function errorText(code: ErrorCode): string {
  return ERRORS[code][1]
}

/** What an error may carry for the caller besides its code. Nothing in it is secret. */
export interface ErrorDetails {
  /** More than the table's text says: which field, and what would be right. */
  readonly detail?: string
  /** Where in the request: a JSON pointer into the body, or a header's or parameter's name. */
  readonly field?: string
  /** How long the caller should wait, in milliseconds. */
  readonly retryAfterMs?: number
  /** For the log only: never sent. */
  readonly cause?: unknown
}

/** The one error of Counterfoil: a code from the table, and what the caller may know. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly field: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.detail ?? errorText(code), { cause: details.cause })
    this.code = code
    this.detail = details.detail
    this.field = details.field
    this.retryAfterMs = details.retryAfterMs
  }
}
