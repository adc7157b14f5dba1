/** What a proof says (RFC 9449 §4.2). `iat` is NumericDate seconds. */
export interface ProofClaims {
  readonly jti: string
  readonly htm: string
  readonly htu: string
  readonly iat: number
  readonly nonce?: string | undefined
  readonly ath?: string | undefined
}

/**
 * Why a proof is not good: `absent`; `several`, more than one header; `malformed`, no JWT with `jti`, `htm`, `htu` and `iat`; `wrong-type`;
 * `wrong-algorithm`, none of those that are taken; `bad-key`, no sound public key, or a private one; `bad-signature`; `wrong-method`;
 * `wrong-target`, made for another address; `wrong-token`, `ath` is not the hash of the token; `wrong-key`, not the one that the token is
 * bound to; `wrong-time`, too old or of the future; `nonce-needed`, it must hold the server's nonce, and holds none or another; `replayed`.
 */
export type ProofFault =
  | 'absent'
  | 'several'
  | 'malformed'
  | 'wrong-type'
  | 'wrong-algorithm'
  | 'bad-key'
  | 'bad-signature'
  | 'wrong-method'
  | 'wrong-target'
  | 'wrong-token'
  | 'wrong-key'
  | 'wrong-time'
  | 'nonce-needed'
  | 'replayed'

/** What a proof must say. Instants are epoch milliseconds. */
export interface ProofExpectations {
  readonly method: string
  /** The addresses that the request may have been made for, normalised; one must be the proof's. */
  readonly targets: readonly string[]
  /** The proof's own address, normalised. */
  readonly target: string | undefined
  /** The thumbprint of the key that signed the proof. */
  readonly keyThumbprint: string
  /** The token that comes with the proof: its hash, and the key that it is bound to. */
  readonly bound?: { readonly tokenHash: string; readonly keyThumbprint: string } | undefined
  /** Whether a nonce is asked of everybody, of those only whose clock is wrong, or can be had from nobody. */
  readonly nonces: 'required' | 'offered' | 'none'
  /** Whether the nonce in the proof is one of ours. */
  readonly isOurNonce: boolean
  readonly now: number
  /** How old a proof may be, and by how much the client's clock may be ahead. */
  readonly maxAgeMs: number
  readonly leewayMs: number
}

/**
 * Decides about a proof whose signature is in order (RFC 9449 §4.3, 8 to 12): what is wrong with it, or undefined. Pure. A nonce of ours tells when the
 * proof was made, so that the client's clock need not be right.
 */
export function decideProof(claims: ProofClaims, expected: ProofExpectations): ProofFault | undefined {
  const { bound, target } = expected
  if (claims.htm !== expected.method) return 'wrong-method'
  if (target === undefined || !expected.targets.includes(target)) return 'wrong-target'
  if (bound !== undefined && claims.ath !== bound.tokenHash) return 'wrong-token'
  if (bound !== undefined && expected.keyThumbprint !== bound.keyThumbprint) return 'wrong-key'
  return judgeTime(claims, expected)
}

function judgeTime({ iat, nonce }: ProofClaims, expected: ProofExpectations): ProofFault | undefined {
  const { nonces, isOurNonce, now, maxAgeMs, leewayMs } = expected
  if (nonces !== 'none' && nonce !== undefined) return isOurNonce ? undefined : 'nonce-needed'
  if (nonces === 'required') return 'nonce-needed'
  const ageMs = now - iat * 1000
  if (ageMs <= maxAgeMs + leewayMs && ageMs >= -leewayMs) return undefined
  return nonces === 'offered' ? 'nonce-needed' : 'wrong-time'
}
