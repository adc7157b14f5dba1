import type { Account } from '@counterfoil/core'
import { Type, type Static } from 'typebox'
import { exactObject, Id, Instant, instant, plainText } from './schema.ts'

/**
 * An email address as far as it matters here: one `@`, something on either side, at most 64 characters before it and 254 in all
 * (RFC 5321 §4.5.3.1), no space, control or invisible character. Whether it can be mailed to, only a mail shows.
 */
export const Email = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@\\p{C}]{1,64}@[^\\s@\\p{C}]+$',
  description: 'An email address: one @, at most 64 characters before it and 254 in all, without spaces.',
  examples: ['ada@example.com'],
})

/** A password as it is sent: the rules for a new one are the policy's. */
export const Password = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: 'A password, taken exactly as it is.',
  examples: ['correct horse battery'],
})

const Name = plainText(200, 'A name for people', 'Ada')

/** Body of `POST /accounts`. */
export const SignUpBody = exactObject(
  { email: Email, password: Password, name: Type.Optional(Name) },
  { title: 'SignUp' },
)

/** Body of `PATCH /account`. */
export const AccountChangeBody = exactObject(
  {
    email: Type.Optional(Email),
    name: Type.Optional(Type.Union([Name, Type.Null()])),
    current_password: Type.Optional(Password),
  },
  {
    title: 'AccountChange',
    minProperties: 1,
    description: 'A name of null is taken away. A new email needs the current password.',
  },
)

/** Body of `PUT /account/password`. */
export const PasswordChangeBody = exactObject(
  { current_password: Password, new_password: Password },
  { title: 'PasswordChange' },
)

/** An account as its owner sees it. */
export const AccountView = exactObject(
  {
    id: Id,
    email: Type.String({ examples: ['ada@example.com'] }),
    name: Type.Optional(Type.String({ examples: ['Ada'] })),
    roles: Type.Array(Type.String()),
    created_at: Instant,
  },
  { title: 'Account' },
)

/** An account on the wire. */
export function viewOfAccount({ id, email, name, roles, createdAt }: Account): Static<typeof AccountView> {
  const view = { id, email, roles: [...roles], created_at: instant(createdAt) }
  return name === undefined ? view : { ...view, name }
}
