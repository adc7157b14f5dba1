import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import {
  layOutOpaqueToken,
  OPAQUE_TOKEN_PREFIX,
  readOpaqueToken,
  writeOpaqueToken,
  type OpaqueToken,
  type OpaqueTokenKind,
} from '@counterfoil/protocol'
import type { Session } from '../sessions/session.ts'
import type { KeyRing } from './key-ring.ts'
import type { ProvenTags } from './proven-tags.ts'

function tagOf(kind: OpaqueTokenKind, signed: Uint8Array, key: KeyObject): Uint8Array {
  return createHmac('sha256', key).update(OPAQUE_TOKEN_PREFIX[kind]).update(signed).digest()
}

/**
 * The opaque credential of the session's current generation. The key is the one that signed when that generation came to
 * be, so that whoever asks again gets the same bytes.
 */
export function issueOpaqueToken(kind: OpaqueTokenKind, session: Session, keys: KeyRing): string {
  const key = keys.signerAt('opaque', session.rotated.at)
  const { id: sessionId, generation } = session
  const signed = layOutOpaqueToken({ kind, keyNumber: key.number, sessionId, generation })
  return writeOpaqueToken(kind, signed, tagOf(kind, signed, key.privateKey))
}

/**
 * What an opaque credential says, once its tag has shown that this issuer made it. Looks nothing up: a made-up one costs an HMAC. Of one that comes
 * again and again, as session tokens do, the tag can be `known`.
 */
export function openOpaqueToken(
  kind: OpaqueTokenKind,
  text: string,
  keys: KeyRing,
  known?: ProvenTags,
): OpaqueToken | 'malformed' | 'untrusted' {
  const read = readOpaqueToken(text)
  if (read === undefined) return 'malformed'
  if (read.token.kind !== kind) return 'untrusted'
  const key = keys.opaqueKey(read.token.keyNumber)
  if (key === undefined) return 'untrusted'
  const { sessionId } = read.token
  const presented = { signed: read.signed, tag: read.tag, key: key.privateKey }
  if (known?.has(sessionId, presented) === true) return read.token
  if (!timingSafeEqual(tagOf(kind, read.signed, key.privateKey), read.tag)) return 'untrusted'
  known?.keep(sessionId, presented)
  return read.token
}
