import { StoreUnavailable, type Refusal } from '@counterfoil/core'
import { AuthError, type ErrorCode } from '@counterfoil/protocol'
import type { Scheme } from './credentials.ts'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'

/** Why a request is not answered with a result: a code of the table, and what the caller may know besides. */
export interface Fault {
  readonly code: ErrorCode
  readonly detail?: string | undefined
  readonly field?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** The scheme that a credential must come with, or came with. Default: Bearer. */
  readonly scheme?: Scheme | undefined
  /** For the next proof of possession. */
  readonly nonce?: string | undefined
}

/** How long a client waits when nobody knows how long it takes. */
const RETRY_AFTER_MS = 1000

/** A refusal of the domain in the words of this layer. */
export function faultOfRefusal({ refused, detail, field, retryAfterMs }: Refusal): Fault {
  return { code: refused, detail, field, retryAfterMs }
}

const FRAMEWORK_CODES: Readonly<Record<string, Fault>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'malformed_json', detail: 'The body is empty.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'malformed_json' },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body_too_large' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'unsupported_media_type' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'invalid_request',
    detail: 'Content-Length is not the length of the body.',
  },
  FST_ERR_BAD_URL: { code: 'invalid_request', detail: 'The path is not valid percent-encoding.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'uri_too_long' },
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: { code: 'unsupported_media_type' },
}

interface FrameworkError extends Error {
  readonly code?: unknown
  readonly statusCode?: unknown
  readonly validation?: readonly FastifySchemaValidationError[] | undefined
  readonly validationContext?: string | undefined
}

/** What whatever was thrown means for the caller. What nobody foresaw is `internal`, and says nothing. */
export function faultOfError(error: unknown): Fault {
  if (error instanceof AuthError) return error
  if (error instanceof StoreUnavailable) return { code: 'store_unavailable', retryAfterMs: RETRY_AFTER_MS }
  if (!(error instanceof Error)) return { code: 'internal' }
  const { code, statusCode, validation, validationContext }: FrameworkError = error
  if (validation?.[0] !== undefined) return faultOfValidation(validation[0], validationContext)
  const known = typeof code === 'string' ? FRAMEWORK_CODES[code] : undefined
  if (known !== undefined) return known
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    ? { code: 'invalid_request' }
    : { code: 'internal' }
}

/** A validation error of Ajv, with the schema that refused (`verbose`). */
interface ValidationError extends FastifySchemaValidationError {
  readonly parentSchema?: { readonly description?: unknown }
}

/** Names the member, and what would be right; never what was sent. */
function faultOfValidation(error: ValidationError, context: string | undefined): Fault {
  const { instancePath, keyword, params, message } = error
  const missing = params['missingProperty'] ?? params['additionalProperty']
  const member = typeof missing === 'string' ? `/${escapePointer(missing.slice(0, 100))}` : ''
  const pointer = `${instancePath}${member}`
  const field = context === 'body' ? pointer : pointer.slice(1)
  const right = error.parentSchema?.description
  if (keyword === 'required') return { code: 'invalid_request', field, detail: 'It is needed.' }
  if (keyword === 'additionalProperties') return { code: 'invalid_request', field, detail: 'It is not known here.' }
  if (keyword === 'pattern' && typeof right === 'string') return { code: 'invalid_request', field, detail: right }
  return { code: 'invalid_request', field, detail: `It ${message ?? 'is not right'}.` }
}

function escapePointer(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1')
}
