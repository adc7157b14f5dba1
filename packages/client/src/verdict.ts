/** What the answer of the token endpoint means for the session. */
export type RefreshVerdict =
  /** New credentials. */
  | 'refreshed'
  /** There is nothing to refresh with. */
  | 'none'
  /** The session is over. */
  | 'ended'
  /** It is bound to a key that was not proved. */
  | 'key-lost'
  /** Nobody can tell: try again. */
  | 'uncertain'
  /** The request itself is wrong: the application, or where it runs. */
  | 'wrong'

/** An answer as far as it is judged; its body is undefined when it was no JSON. */
interface Judged {
  readonly status: number
  readonly body: unknown
}

/** Whether an answer says nothing about the session: an outage, too much of something, or an answer of somebody in between. Pure. */
export function isUncertain({ status, body }: Judged): boolean {
  return status === 429 || status >= 500 || typeof body !== 'object' || body === null
}

interface OAuthAnswer {
  readonly error?: unknown
  readonly error_description?: unknown
}

/**
 * Judges an answer of the token endpoint (RFC 6749 §5). Only the server's word that the grant is not good any more ends a session: no network, no
 * answer in time, an answer cut short and every 5xx or 429 leave it as it is. Pure.
 */
export function judgeRefresh({ status, body }: Judged, hasLostKey: boolean): RefreshVerdict {
  if (isUncertain({ status, body })) return 'uncertain'
  if (status === 200) return 'refreshed'
  const { error, error_description: description }: OAuthAnswer = Object(body)
  switch (error) {
    case 'invalid_grant':
      return 'ended'
    case 'use_dpop_nonce':
      return 'uncertain'
    case 'invalid_dpop_proof':
      // With the key there, another proof may be better: this one may have arrived twice.
      return hasLostKey ? 'key-lost' : 'uncertain'
    case 'invalid_request':
      return String(description).startsWith('refresh_token') ? 'none' : 'wrong'
    default:
      return error === undefined ? 'uncertain' : 'wrong'
  }
}

/** What a 401 means: `proof`, ask again with another proof, which holds the nonce that came along if one did; `expired`, a newer token is needed; `ended`, ask the issuer; `other`, it is about something else. */
export type UnauthorizedVerdict = 'proof' | 'expired' | 'ended' | 'other'

const ENDED = new Set(['credential_ended', 'revoked'])

/** Whether the issuer says that the session of what came along is over. Pure. */
export function hasEnded({ status, body }: Judged): boolean {
  const { code }: { code?: unknown } = Object(body)
  return status === 401 && ENDED.has(String(code))
}

/** Judges a 401 by its challenge (RFC 6750 §3, RFC 9449 §7.1), and by its `code` where the challenge cannot be read. Pure. */
export function judgeUnauthorized(challenge: string, code: unknown): UnauthorizedVerdict {
  // Browsers send a request again by themselves when a connection breaks: the same one, with a proof that is spent by then.
  if (/use_dpop_nonce|invalid_dpop_proof/.test(`${challenge} ${String(code)}`)) return 'proof'
  // Where the session is in a cookie, it may have gone with that.
  if (ENDED.has(String(code)) || code === 'credential_absent') return 'ended'
  if (code === 'credential_expired' || challenge.includes('"invalid_token"')) return 'expired'
  return 'other'
}

/** What `Retry-After` says, where it says seconds (RFC 9110 §10.2.3). Pure. */
export function toldMs(retryAfter: string | null): number | undefined {
  const ms = Number(retryAfter ?? Number.NaN) * 1000
  return ms >= 0 ? ms : undefined
}

const MOST_WAIT_MS = 5000

/**
 * How long to wait before attempt `attempt` (from 1): what `Retry-After` says, else longer each time; `random` spreads those who
 * wait. Undefined when that is longer than anybody wants to wait for an answer. Pure.
 */
export function waitMs(attempt: number, retryAfter: string | null, random: number): number | undefined {
  const ms = toldMs(retryAfter) ?? 150 * 2 ** (attempt - 1) * (0.5 + random)
  return ms <= MOST_WAIT_MS ? ms : undefined
}
