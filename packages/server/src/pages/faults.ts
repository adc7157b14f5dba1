import type { Refusal } from '@counterfoil/core'
import { errorStatus, type ErrorCode } from '@counterfoil/protocol'
import type { FastifyReply } from 'fastify'
import type { Fault } from '../http/faults.ts'
import { retryAfterSeconds } from '../http/problems.ts'
import type { Language } from './language.ts'
import { tellDistance } from './times.ts'
import type { Words } from './words.ts'

/** What is wrong with a form: at a field, or with all of it. */
export interface Problem {
  readonly field?: string | undefined
  readonly text: string
}

type TextKey = { [Key in keyof Words]: Words[Key] extends string ? Key : never }[keyof Words]

const TEXTS: Partial<Record<ErrorCode, TextKey>> = {
  sign_in_failed: 'signInFailed',
  wrong_password: 'wrongPassword',
  email_taken: 'emailTaken',
  sign_up_closed: 'signUpClosed',
  too_many_attempts: 'tooManyAttempts',
  busy: 'busy',
  store_unavailable: 'unavailableText',
  credential_ended: 'sessionEnded',
  ambiguous_credentials: 'twoCookies',
  not_found: 'notFound',
  method_not_allowed: 'notFound',
  reauthentication_required: 'reauthenticate',
  cross_origin: 'crossOrigin',
  internal: 'internal',
}

const PASSWORD_RULES: readonly (readonly [RegExp, (words: Words, number: string) => string])[] = [
  [/at least (\d+) characters/, (words, least) => words.tooShort(least)],
  [/at most (\d+) characters/, (words, most) => words.tooLong(most)],
  [/very many people/, (words) => words.tooCommon],
  [/email address or your name/, (words) => words.tooPersonal],
  [/name of this service/, (words) => words.tooObvious],
]

function textOfPasswordRule(words: Words, detail = ''): string {
  for (const [pattern, tell] of PASSWORD_RULES) {
    const found = pattern.exec(detail)
    if (found !== null) return tell(words, found[1] ?? '')
  }
  return words.passwordUnacceptable
}

/** What a fault means for whoever sent a form, and at which field it is. */
export function problemOfFault(
  { code, detail, field, retryAfterMs }: Fault,
  words: Words,
  language: Language,
): Problem {
  if (code === 'password_unacceptable') return { field: field?.slice(1), text: textOfPasswordRule(words, detail) }
  const text = words[TEXTS[code] ?? 'badRequest']
  const wait = retryAfterMs === undefined ? '' : ` ${words.retryAt(tellDistance(language, retryAfterMs))}`
  return { field: field?.slice(1), text: text + wait }
}

/** The same for a refusal of a use case. */
export function problemOfRefusal({ refused, ...more }: Refusal, words: Words, language: Language): Problem {
  return problemOfFault({ code: refused, ...more }, words, language)
}

/** Status and `Retry-After` of an answer with a fault. A page asks for no credential by header, so what would be 401 is 422. */
export function markFault(reply: FastifyReply, { code, retryAfterMs }: Fault): void {
  const status = errorStatus(code)
  reply.code(status === 401 ? 422 : status)
  const waitMs = retryAfterMs ?? (status === 503 ? 1000 : undefined)
  if (waitMs !== undefined) reply.header('retry-after', retryAfterSeconds(waitMs))
}
