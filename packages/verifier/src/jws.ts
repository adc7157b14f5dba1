import { decodeCanonical } from './base64url.ts'
import { parseJsonObject } from './strict-json.ts'

/** What this package reads in a JOSE header. `jku`, `jwk`, `x5u` and `x5c` are never looked at (RFC 8725 §3.10). */
export interface JoseHeader {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
}

/** A JWS in compact serialization, taken apart. Nothing about it is trusted yet. */
export interface Jws {
  readonly compact: string
  readonly header: JoseHeader
  /** What the signature is over. */
  readonly signingInput: string
  /** Bytes that nobody reads before the signature has been checked. */
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

const MAX_CHARACTERS = 8192

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function readHeader(text: string): JoseHeader | undefined {
  const bytes = decodeCanonical(text)
  const header = bytes && parseJsonObject(bytes)?.object
  // RFC 7515 §4.1.11: extensions that are critical and not understood make a JWS invalid. Here none is understood.
  if (header === undefined || Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return undefined
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || !isOptionalString(kid) || !isOptionalString(typ)) return undefined
  return { alg, kid, typ }
}

// All tokens of one key have the same header.
let lastHeader: { readonly text: string; readonly header: JoseHeader | undefined } | undefined

function recallHeader(text: string): JoseHeader | undefined {
  if (lastHeader?.text !== text) lastHeader = { text, header: readHeader(text) }
  return lastHeader.header
}

/**
 * Takes a JWS in compact serialization apart (RFC 7515 §7.1), or undefined unless it has that form exactly: at most
 * 8,192 characters, three parts in canonical base64url, a header in UTF-8 JSON without doubled members, `crit` or `b64`.
 */
export function parseJws(compact: string): Jws | undefined {
  if (compact.length > MAX_CHARACTERS) return undefined
  const headerEnd = compact.indexOf('.')
  const payloadEnd = compact.indexOf('.', headerEnd + 1)
  if (headerEnd < 0 || payloadEnd < 0) return undefined
  const header = recallHeader(compact.slice(0, headerEnd))
  const payload = header && decodeCanonical(compact.slice(headerEnd + 1, payloadEnd))
  const signature = payload && decodeCanonical(compact.slice(payloadEnd + 1))
  if (header === undefined || payload === undefined || signature === undefined) return undefined
  return { compact, header, signingInput: compact.slice(0, payloadEnd), payload, signature }
}
