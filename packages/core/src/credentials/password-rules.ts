import { dictionary } from '@zxcvbn-ts/language-common'
import type { Policy } from '../policy.ts'

/** Whose password it is to be: what it must not be taken from. */
export interface PasswordContext {
  readonly email: string
  readonly name?: string | undefined
  /** The issuer URL: the words of its host are refused as passwords (ASVS 6.1.2, 6.2.11). */
  readonly issuer: string
}

let common: ReadonlySet<string> | undefined

/** Common passwords of eight characters and more, in lower case: about 18,000, read when the first one is asked for. */
function commonPasswords(): ReadonlySet<string> {
  common ??= new Set(
    dictionary['passwords-common'].filter((word) => word.length >= 8).map((word) => word.toLowerCase()),
  )
  return common
}

/**
 * What is wrong with a password, or undefined when it will do. Length counts Unicode code points. There are no rules of
 * composition (ASVS 6.2.5), and nothing is changed before it is hashed (ASVS 6.2.8).
 */
export function judgePassword(
  password: string,
  context: PasswordContext,
  policy: Policy,
): { readonly detail: string } | undefined {
  if (!password.isWellFormed()) return { detail: 'It holds half a character (an unpaired surrogate).' }
  const length = Array.from(password).length
  if (length < policy.passwordMinLength)
    return { detail: `It must have at least ${policy.passwordMinLength} characters.` }
  if (length > policy.passwordMaxLength)
    return { detail: `It must have at most ${policy.passwordMaxLength} characters.` }
  const folded = password.toLowerCase()
  if (commonPasswords().has(folded)) return { detail: 'It is on the list of common passwords.' }
  if (personalWords(context).includes(folded)) return { detail: 'It must not be your email address or your name.' }
  if (contextWords(context).includes(bareWord(folded))) return { detail: 'It must not be the name of this service.' }
  return undefined
}

function personalWords({ email, name }: PasswordContext): string[] {
  const folded = email.toLowerCase()
  return [folded, folded.split('@')[0] ?? folded, ...(name === undefined ? [] : [name.toLowerCase()])]
}

function contextWords({ issuer }: PasswordContext): string[] {
  return ['counterfoil', ...new URL(issuer).hostname.toLowerCase().split('.')].filter((word) => word.length > 3)
}

/** The word without the digits and signs that people put around it to please a form. */
function bareWord(password: string): string {
  return password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
}
