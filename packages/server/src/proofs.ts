import { hkdfSync } from 'node:crypto'
import { MemorySpentProofs, type Clock, type Policy, type SpentProofs } from '@counterfoil/core'
import { ProofGuard } from '@counterfoil/verifier'

/** What the server's checks of proofs are made of. */
export interface ProofParts {
  readonly policy: Policy
  /** What all nodes know, and nobody else. */
  readonly secret: Uint8Array
  readonly spentProofs?: SpentProofs | undefined
}

/** Where nobody needs a nonce, clients whose clock is wrong get one of this life. */
const OFFERED_SECONDS = 60

/** Checks proofs of possession for all nodes together: by nonces that any of them accepts, and a memory of used ones that they share. */
export function createProofs(parts: ProofParts, clock: Clock): ProofGuard {
  const { policy, secret, spentProofs = new MemorySpentProofs() } = parts
  const { proofSeconds, proofNonceSeconds, leewaySeconds } = policy
  const need = proofNonceSeconds > 0 ? 'required' : 'offered'
  const slotSeconds = proofNonceSeconds > 0 ? proofNonceSeconds : OFFERED_SECONDS
  return new ProofGuard({
    clock,
    leewaySeconds,
    maxAgeSeconds: proofSeconds,
    memory: { remember: (id, until, now) => spentProofs.spend(id, until, now) },
    nonces: { need, slotSeconds, secret: deriveKey(secret) },
  })
}

function deriveKey(secret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'counterfoil nonces of proofs', 32))
}
