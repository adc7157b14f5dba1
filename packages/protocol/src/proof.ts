/**
 * The algorithms that a proof of possession may be signed with, announced as `dpop_signing_alg_values_supported`. `Ed25519` is the name that
 * RFC 9864 gives to `EdDSA` with that curve; RSA keys have 2048 bits or more.
 */
export const PROOF_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const

/** An algorithm that a proof of possession may be signed with. */
export type ProofAlgorithm = (typeof PROOF_ALGORITHMS)[number]

/** The header that a proof of possession comes in (RFC 9449 §4.1), as Node has it. */
export const PROOF_HEADER = 'dpop'

/** The header in which a server hands out the nonce for the next proofs (RFC 9449 §8), as Node has it. */
export const PROOF_NONCE_HEADER = 'dpop-nonce'
