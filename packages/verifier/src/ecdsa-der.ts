const SEQUENCE = 0x30
const INTEGER = 0x02

/** Index of the first byte that counts, but at least the last byte. */
function significantFrom(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to - 1 && bytes[at] === 0) at++
  return at
}

/** Writes the unsigned integer `bytes[from..to)` at `at`; where the next one goes. */
function writeInteger(der: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): number {
  // An integer whose first bit is set would be negative: a zero byte goes before it.
  const padding = (bytes[from] ?? 0) >> 7
  const length = padding + to - from
  der[at] = INTEGER
  der[at + 1] = length
  der.set(bytes.subarray(from, to), at + 2 + padding)
  return at + 2 + length
}

/** An ECDSA signature as r‖s (RFC 7518 §3.4), written as the `SEQUENCE { r, s }` in DER that OpenSSL takes itself. */
export function encodeEcdsaDer(signature: Uint8Array): Uint8Array {
  const half = signature.length >> 1
  const r = significantFrom(signature, 0, half)
  const s = significantFrom(signature, half, 2 * half)
  const padding = ((signature[r] ?? 0) >> 7) + ((signature[s] ?? 0) >> 7)
  const length = half - r + (2 * half - s) + padding + 4
  const prefix = length < 0x80 ? [SEQUENCE, length] : [SEQUENCE, 0x81, length]
  const der = new Uint8Array(prefix.length + length)
  der.set(prefix)
  const middle = writeInteger(der, prefix.length, signature, r, half)
  writeInteger(der, middle, signature, s, 2 * half)
  return der
}
