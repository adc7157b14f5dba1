import { hkdfSync } from 'node:crypto'
import { StoreUnavailable, type AttemptCounters, type Clock, type Policy } from '@counterfoil/core'
import { LocalProofMemory, ProofGuard, type ProofMemory } from '@counterfoil/verifier'

/** What the server's checks of proofs are made of. */
export interface ProofParts {
  readonly policy: Policy
  /** What all nodes know, and nobody else. */
  readonly secret: Uint8Array
  readonly counters?: AttemptCounters | undefined
}

/** Where nobody needs a nonce, clients whose clock is wrong get one of this life. */
const OFFERED_SECONDS = 60

/** Checks proofs of possession for all nodes together: by nonces that any of them accepts, and a memory of used ones that they share. */
export function createProofs({ policy, secret, counters }: ProofParts, clock: Clock): ProofGuard {
  const { proofSeconds, proofNonceSeconds, leewaySeconds } = policy
  const need = proofNonceSeconds > 0 ? 'required' : 'offered'
  const slotSeconds = proofNonceSeconds > 0 ? proofNonceSeconds : OFFERED_SECONDS
  const longestSeconds = Math.max(proofSeconds + 3 * leewaySeconds, 3 * slotSeconds)
  return new ProofGuard({
    clock,
    leewaySeconds,
    maxAgeSeconds: proofSeconds,
    memory: counters === undefined ? createOwnMemory() : createSharedMemory(counters, longestSeconds * 1000),
    nonces: { need, slotSeconds, secret: deriveKey(secret) },
  })
}

function deriveKey(secret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'counterfoil nonces of proofs', 32))
}

/** Each proof is one attempt, of which there is one: whoever takes it has used it for everybody. */
function createSharedMemory(counters: AttemptCounters, windowMs: number): ProofMemory {
  const rule = { name: 'proof of possession', attempts: 1, windowMs }
  return { remember: async (id, _until, now) => (await counters.take(rule, id, now)).taken }
}

function createOwnMemory(): ProofMemory {
  const memory = new LocalProofMemory()
  return {
    remember(id, until, now) {
      try {
        return memory.remember(id, until, now)
      } catch (cause) {
        throw new StoreUnavailable('the memory of proofs is full', { cause })
      }
    },
  }
}
