import { ACCESS_TOKEN_TYPE, isMark, STRATEGIES, type AccessTokenClaims } from '@counterfoil/protocol'
import { isJsonObject, type JsonObject } from './strict-json.ts'

/** The last second of the year 9999: what is beyond is no date (RFC 7519 §2, RFC 3339 §1). */
const MAX_NUMERIC_DATE = 253_402_300_799

const KNOWN_STRATEGIES: readonly unknown[] = STRATEGIES

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE
}

function isGeneration(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

function isAudience(value: unknown): boolean {
  return isText(value) || (isTextList(value) && value.length > 0)
}

/** A token that is bound in a way that is not known here must not pass for one that is bound to nothing (RFC 7800 §3.1). */
function isConfirmation(value: unknown): boolean {
  if (value === undefined) return true
  return isJsonObject(value) && Object.keys(value).length === 1 && isThumbprint(value['jkt'])
}

function isThumbprint(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value)
}

/** The form of each claim. All but `cnf` are required: without one of them an access token cannot be judged or revoked. */
const FORMS: Readonly<Record<keyof AccessTokenClaims, (value: unknown) => boolean>> = {
  iss: isText,
  sub: isText,
  aud: isAudience,
  client_id: isText,
  sid: isText,
  jti: isText,
  iat: isNumericDate,
  exp: isNumericDate,
  auth_time: isNumericDate,
  amr: isTextList,
  strategy: (value) => KNOWN_STRATEGIES.includes(value),
  account_generation: isGeneration,
  client_generation: isGeneration,
  log_position: isMark,
  roles: isTextList,
  cnf: isConfirmation,
}
const FORM_LIST = Object.entries(FORMS)

/** The claims of an access token, and whatever else its issuer put there. */
export type TrustedClaims = AccessTokenClaims & JsonObject

/** Whether these are the claims of an access token (RFC 9068 §2.2), each in its form. */
export function areAccessTokenClaims(claims: JsonObject): claims is TrustedClaims {
  const { nbf } = claims
  return (nbf === undefined || isNumericDate(nbf)) && FORM_LIST.every(([name, hasForm]) => hasForm(claims[name]))
}

/** When a token becomes valid: the latest instant that it speaks of as past, in epoch milliseconds. */
export function validFromAt({ iat, auth_time: authTime, nbf }: TrustedClaims): number {
  return Math.max(iat, authTime, isNumericDate(nbf) ? nbf : 0) * 1000
}

/** Whether one of these audiences is among those of the token. */
export function isFor({ aud }: Pick<AccessTokenClaims, 'aud'>, audiences: readonly string[]): boolean {
  return typeof aud === 'string' ? audiences.includes(aud) : aud.some((each) => audiences.includes(each))
}

/** Whether `typ` says that this is an access token; media types compare without case (RFC 9068 §4, RFC 7515 §4.1.9). */
export function isAccessTokenType(typ: string | undefined): boolean {
  const type = typ?.toLowerCase()
  return type === ACCESS_TOKEN_TYPE || type === `application/${ACCESS_TOKEN_TYPE}`
}
