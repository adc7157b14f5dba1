import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { SessionId } from './ids.ts'

/** What an opaque credential is for: `refresh` buys access tokens, `session` is looked up at each use. */
export type OpaqueTokenKind = 'refresh' | 'session'

/** What stands before an opaque credential, so that people and secret scanners recognise a leak. */
export const OPAQUE_TOKEN_PREFIX: Readonly<Record<OpaqueTokenKind, string>> = { refresh: 'cfr_', session: 'cfs_' }

/** The parts of an opaque credential. Only the tag makes it a credential; everything else is public. */
export interface OpaqueToken {
  readonly kind: OpaqueTokenKind
  /** Number of the opaque-token key, 0 to 255. */
  readonly keyNumber: number
  readonly sessionId: SessionId
  /** Integer, 0 to 2³²−1. */
  readonly generation: number
}

const FORMAT = 1
const SIGNED_BYTES = 22
const TAG_BYTES = 32
const TEXT_LENGTH = 4 + ((SIGNED_BYTES + TAG_BYTES) * 4) / 3

/** The bytes that the tag covers: `format 1 | key number 1 | session id 16 | generation 4`, big-endian. */
export function layOutOpaqueToken(token: OpaqueToken): Uint8Array {
  const id = decodeBase64url(token.sessionId)
  if (id?.length !== 16) throw new TypeError('a session id is 16 bytes')
  const bytes = new Uint8Array(SIGNED_BYTES)
  bytes[0] = FORMAT
  bytes[1] = token.keyNumber
  bytes.set(id, 2)
  new DataView(bytes.buffer).setUint32(18, token.generation)
  return bytes
}

/** The text of an opaque credential from the bytes that its tag covers, and the tag (32 bytes). */
export function writeOpaqueToken(kind: OpaqueTokenKind, signed: Uint8Array, tag: Uint8Array): string {
  const bytes = new Uint8Array(SIGNED_BYTES + TAG_BYTES)
  bytes.set(signed)
  bytes.set(tag, SIGNED_BYTES)
  return OPAQUE_TOKEN_PREFIX[kind] + encodeBase64url(bytes)
}

/** Which kind of opaque credential a text claims to be, by its prefix alone. */
export function opaqueTokenKind(text: string): OpaqueTokenKind | undefined {
  if (text.startsWith(OPAQUE_TOKEN_PREFIX.session)) return 'session'
  return text.startsWith(OPAQUE_TOKEN_PREFIX.refresh) ? 'refresh' : undefined
}

/**
 * Takes a text apart, or undefined when it does not have the form. It says nothing about who made it:
 * only the tag does, which whoever holds the opaque-token key compares.
 */
export function readOpaqueToken(
  text: string,
): { readonly token: OpaqueToken; readonly signed: Uint8Array; readonly tag: Uint8Array } | undefined {
  const kind = opaqueTokenKind(text)
  if (kind === undefined || text.length !== TEXT_LENGTH) return undefined
  const bytes = decodeBase64url(text.slice(4))
  if (bytes?.[0] !== FORMAT) return undefined
  const signed = bytes.subarray(0, SIGNED_BYTES)
  const token = {
    kind,
    keyNumber: bytes[1] ?? 0,
    sessionId: encodeBase64url(bytes.subarray(2, 18)) as SessionId,
    generation: new DataView(bytes.buffer, bytes.byteOffset).getUint32(18),
  }
  return { token, signed, tag: bytes.subarray(SIGNED_BYTES) }
}
