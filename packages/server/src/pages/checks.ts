import { Check } from 'typebox/value'
import { Email, Password, SignUpBody } from '../wire/account.ts'
import type { Problem } from './faults.ts'
import type { Fields } from './site.ts'
import type { Words } from './words.ts'

/** Held to the form that the interface takes: what is wrong with an email address, if anything. */
export function checkEmail({ email = '' }: Fields, words: Words): readonly Problem[] {
  return Check(Email, email) ? [] : [{ field: 'email', text: words.emailMalformed }]
}

/** The same for a password in a field. */
export function checkPassword(fields: Fields, field: string, words: Words): readonly Problem[] {
  const password = fields[field] ?? ''
  if (password === '') return [{ field, text: words.passwordMissing }]
  return Check(Password, password) ? [] : [{ field, text: words.passwordTooLong }]
}

/** The same for a name, which may be absent. */
export function checkName({ name = '' }: Fields, words: Words): readonly Problem[] {
  return name === '' || Check(SignUpBody.properties.name, name) ? [] : [{ field: 'name', text: words.nameMalformed }]
}

/** What was sent, without the spaces around a name or an address; passwords are taken exactly as they are (ASVS 6.2.8). */
export function trimmed(fields: Fields): Fields {
  const clean = ([name, value]: [string, string]): [string, string] =>
    name === 'email' || name === 'name' ? [name, value.trim()] : [name, value]
  return Object.fromEntries(Object.entries(fields).map(clean))
}
