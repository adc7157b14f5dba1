const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value

/** Characters made into text at once: arguments of one call. */
const CHUNK = 4096

/** Text of the bytes in base64url without padding (RFC 4648 §5). */
export function encodeBase64url(bytes: Uint8Array): string {
  const codes: number[] = []
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    codes.push(ALPHABET.charCodeAt(group >> 18), ALPHABET.charCodeAt((group >> 12) & 63))
    if (left > 1) codes.push(ALPHABET.charCodeAt((group >> 6) & 63))
    if (left > 2) codes.push(ALPHABET.charCodeAt(group & 63))
  }
  return textOf(codes)
}

/** Appending character by character would leave a rope of a node each: twenty times the memory, for as long as the text lives. */
function textOf(codes: readonly number[]): string {
  if (codes.length <= CHUNK) return String.fromCharCode(...codes)
  let text = ''
  for (let at = 0; at < codes.length; at += CHUNK) text += String.fromCharCode(...codes.slice(at, at + CHUNK))
  return text
}

/**
 * Bytes of a base64url text, or undefined unless it is the one canonical text of those bytes:
 * no padding, no foreign characters, no bits set that carry nothing (RFC 4648 §3.5).
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const tail = text.length & 3
  if (tail === 1) return undefined
  const bytes = new Uint8Array((text.length * 3) >> 2)
  let bits = 0
  let held = 0
  let written = 0
  for (let at = 0; at < text.length; at++) {
    const value = VALUES[text.charCodeAt(at)] ?? -1
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xffff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[written++] = (bits >> held) & 255
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined
}
