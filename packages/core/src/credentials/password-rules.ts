import { domainToUnicode } from 'node:url'
import type { Policy } from '../policy.ts'
import { isCommonPassword } from './common-passwords.ts'

/** Whose password it is to be: what it must not be taken from. */
export interface PasswordContext {
  readonly email: string
  readonly name?: string | undefined
  /** The issuer URL: the words of its host are refused as passwords (ASVS 6.1.2, 6.2.11). */
  readonly issuer: string
}

/** The word that is refused at every issuer, beside those of its host (ASVS 6.1.2). */
const PRODUCT = 'counterfoil'

/** Shorter words (`com`, `www`) say too little. In UTF-8, because a syllable of Hangul says as much as some letters. */
const SHORTEST_WORD_BYTES = 4

/**
 * What is wrong with a password, or undefined when it will do. Length counts Unicode code points. There are no rules of
 * composition (ASVS 6.2.5), and nothing is changed before it is hashed (ASVS 6.2.8): only to compare it with what it must
 * not be, case and compatible forms (NFKC) are taken as one.
 *
 * @example
 * judgePassword('hunter2', { email: 'ada@example.com', issuer: 'https://auth.example.com' }, createPolicy())
 * // { detail: 'It must have at least 8 characters.' }
 */
export function judgePassword(
  password: string,
  context: PasswordContext,
  policy: Policy,
): { readonly detail: string } | undefined {
  if (!password.isWellFormed()) return { detail: 'It must be whole characters: it holds an unpaired surrogate.' }
  const length = countCharacters(password)
  const { passwordMinLength: least, passwordMaxLength: most } = policy
  if (length < least) return { detail: `It must have at least ${least} characters.` }
  if (length > most) return { detail: `It must have at most ${most} characters.` }
  const folded = fold(password)
  if (isCommonPassword(folded)) return { detail: 'It must not be one that very many people use.' }
  if (personalWords(context).includes(folded)) return { detail: 'It must not be your email address or your name.' }
  if (contextWords(context).includes(bareWord(folded)))
    return { detail: 'It must be more than the name of this service with digits or signs around it.' }
  return undefined
}

function countCharacters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

function personalWords({ email, name = '' }: PasswordContext): string[] {
  const localPart = email.slice(0, Math.max(0, email.lastIndexOf('@')))
  return [email, localPart, name, name.trim()].map(fold)
}

/** The host as a whole and label by label, also as people write it where it is an internationalised one. */
function contextWords({ issuer }: PasswordContext): string[] {
  const { hostname } = new URL(issuer)
  const hosts = [hostname, domainToUnicode(hostname)]
  return [PRODUCT, ...hosts, ...hosts.flatMap((host) => host.split('.'))]
    .map((word) => bareWord(fold(word)))
    .filter((word) => Buffer.byteLength(word) >= SHORTEST_WORD_BYTES)
}

/** The word without the digits and signs that people put around it to please a form. */
function bareWord(text: string): string {
  return text.replace(/^\P{L}+/u, '').replace(/\P{L}+$/u, '')
}
