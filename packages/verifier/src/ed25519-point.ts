const P = 2n ** 255n - 19n

function modulo(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = modulo(base)
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = modulo(result * square)
    square = modulo(square * square)
  }
  return result
}

const D = modulo(-121665n * power(121666n, P - 2n))

/** x² of the point with this y, from the curve's equation −x² + y² = 1 + d·x²·y². */
function squareOfX(y: bigint): bigint {
  const ySquared = modulo(y * y)
  return modulo((ySquared - 1n) * power(D * ySquared + 1n, P - 2n))
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/**
 * Whether 32 bytes are a public key that only one who holds the private key can sign for: the canonical text of a
 * point on the curve (RFC 8032 §5.1.3) that is none of the eight of small order. Libraries leave this to the caller.
 */
export function isSoundEd25519Point(bytes: Uint8Array): boolean {
  const y = littleEndian(bytes) & (2n ** 255n - 1n)
  if (y >= P) return false
  const xSquared = squareOfX(y)
  if (power(xSquared, (P - 1n) / 2n) !== 1n) return false
  // Doubling gives y' = (y² + x²) / (2 + x² − y²). Small order means that three doublings end at y = 1.
  let point = { xSquared, y }
  for (let doublings = 0; doublings < 3; doublings++) {
    const ySquared = modulo(point.y * point.y)
    const doubled = modulo((ySquared + point.xSquared) * power(2n + point.xSquared - ySquared, P - 2n))
    point = { xSquared: squareOfX(doubled), y: doubled }
  }
  return point.y !== 1n
}
