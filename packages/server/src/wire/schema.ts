import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyTypeProvider } from 'fastify'
import { Type, type TObject, type TProperties } from 'typebox'

/** Members that may be left out may also be undefined: JSON knows no difference. */
type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: undefined extends T[Name] ? Loose<T[Name]> | undefined : Loose<T[Name]> }
    : T

type Typed<Provider extends TypeBoxTypeProvider, Schema> = Provider & { readonly schema: Schema }

/** Types of requests and answers from the schemas of their routes. */
export interface WireTypes extends FastifyTypeProvider {
  readonly validator: Typed<TypeBoxTypeProvider, this['schema']>['validator']
  /** Text counts as serialised already: so errors are sent. */
  readonly serializer: Loose<Typed<TypeBoxTypeProvider, this['schema']>['serializer']> | string
}

/** An object that takes no other members than these. */
export function exactObject<Members extends TProperties>(
  members: Members,
  options: { readonly title?: string; readonly description?: string; readonly minProperties?: number } = {},
): TObject<Members> {
  return Type.Object(members, { ...options, additionalProperties: false })
}

/** An instant on the wire (RFC 3339). */
export const Instant = Type.String({ format: 'date-time', examples: ['2026-01-01T09:30:00.000Z'] })

const written = new Map<number, string>()
const WRITTEN_AT_MOST = 4096

/** An instant as RFC 3339 text. The same ones are told again and again: writing a date anew costs more than all else in an answer. */
export function instant(at: number): string {
  const known = written.get(at)
  if (known !== undefined) return known
  if (written.size >= WRITTEN_AT_MOST) written.clear()
  const text = new Date(at).toISOString()
  written.set(at, text)
  return text
}

/** The same, where there may be none. */
export function instantOrNone(at: number | undefined): string | undefined {
  return at === undefined ? undefined : instant(at)
}

const ID = '^[A-Za-z0-9_-]{22}$'

/** Names an account or a session: 128 random bits in base64url. */
export const Id = Type.String({ pattern: ID, examples: ['8f5a4mZbTQ2uXy0cBv1e7A'] })

const PLAIN = '^[^\\p{Cc}]*$'

/** A line of text that people read. */
export function plainText(maxLength: number, what: string, example: string): ReturnType<typeof Type.String> {
  const description = `${what}: 1 to ${maxLength} characters, none of them a control character.`
  return Type.String({ minLength: 1, maxLength, pattern: PLAIN, description, examples: [example] })
}
