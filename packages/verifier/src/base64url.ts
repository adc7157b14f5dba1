import { decodeBase64url } from '@counterfoil/protocol'

type Decode = (text: string) => Uint8Array | undefined

/** Node's own decoder is several times as fast, but takes anything: only what encodes to the same text is canonical. */
export function decodeWithBuffer(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** Bytes of a text in canonical base64url (RFC 4648 §3.5, §5), or undefined. They may share memory: do not write. */
export const decodeCanonical: Decode = typeof Buffer === 'function' ? decodeWithBuffer : decodeBase64url
