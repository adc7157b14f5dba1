import { AuthError } from '@counterfoil/protocol'
import type { FastifyRequest } from 'fastify'

/** Deeper than any sensible body, and far from where recursion hurts. */
const MAX_DEPTH = 32

const TOKENS = /"((?:[^"\\]+|\\.)*)"(\s*:)?|[{}[\]]/g

/**
 * Refuses what `JSON.parse` lets through and no two readers agree on: a member that is there twice (RFC 8259 §4), nesting without
 * end. The text must be valid JSON.
 *
 * @throws {AuthError} `invalid_request`
 */
export function checkStructure(text: string): void {
  const open: (Set<string> | undefined)[] = []
  for (const [token, inner = '', colon] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      if (open.push(token === '{' ? new Set() : undefined) > MAX_DEPTH)
        throw refuse(`It is nested deeper than ${MAX_DEPTH} levels.`)
    } else if (token === '}' || token === ']') open.pop()
    else if (colon !== undefined) noteMember(open.at(-1), inner)
  }
}

function noteMember(members: Set<string> | undefined, inner: string): void {
  const name = inner.includes('\\') ? String(JSON.parse(`"${inner}"`)) : inner
  if (members?.has(name) === true) throw refuse('An object has the same member twice.')
  members?.add(name)
}

/**
 * Refuses text that cannot be stored and shown again as it is: NUL, and surrogates without their other half (RFC 8259 §8.2).
 *
 * @throws {AuthError} `invalid_request`, naming the member.
 */
export function checkText(value: unknown, pointer = ''): void {
  if (typeof value === 'string') {
    if (!isSound(value)) throw refuse('It must be well-formed Unicode without NUL.', pointer)
  } else if (Array.isArray(value)) value.forEach((item, at) => checkText(item, `${pointer}/${at}`))
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (!isSound(name)) throw refuse('A name must be well-formed Unicode without NUL.', pointer)
      checkText(member, `${pointer}/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    }
  }
}

function isSound(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function refuse(detail: string, field?: string): AuthError {
  return new AuthError('invalid_request', field === undefined ? { detail } : { detail, field })
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of a body (RFC 8259 §8.1: UTF-8).
 *
 * @throws {AuthError} `malformed_json`
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new AuthError('malformed_json', { detail: 'The body is not valid UTF-8.' })
  }
}

/** Parses text, or calls back with what is wrong with it: Fastify's own parser, which refuses poisoned prototypes. */
type ParseText = (
  request: FastifyRequest,
  text: string,
  done: (error: Error | null, value?: unknown) => void,
) => unknown

/** RFC 8259 §11: JSON has no charset, but many programs say `utf-8`. Whoever says another means it. */
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(?:;|$))/i

/**
 * A parser of JSON bodies that lets nothing through which two readers could read in two ways, or that cannot be stored. A
 * DELETE may say that it is JSON and be empty: some programs say so of everything.
 */
export function createJsonParser(parse: ParseText) {
  return (request: FastifyRequest, bytes: Buffer, done: (error: Error | null, value?: unknown) => void): void => {
    const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers
    if (OTHER_CHARSET.test(type) || encoding.toLowerCase() !== 'identity') throw new AuthError('unsupported_media_type')
    if (bytes.length === 0 && request.method === 'DELETE') {
      done(null, undefined)
      return
    }
    const text = decodeText(bytes)
    void parse(request, text, (error, value) => {
      if (error !== null) done(error)
      else done(null, checked(text, value))
    })
  }
}

function checked(text: string, value: unknown): unknown {
  checkStructure(text)
  checkText(value)
  return value
}
