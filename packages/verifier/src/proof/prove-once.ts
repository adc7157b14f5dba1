import { REFUSED, type Refused, type Unknown } from '../decision.ts'
import { whenReady, type Eventually } from '../eventually.ts'
import type { BadProof, BoundToken, ProofGuard, ProvenRequest } from './proof-guard.ts'

const RETRY_AFTER_MS = 1000

/** Checks the proof for a token and uses it up: undefined when it was good, and new. */
export function proveOnce(
  guard: ProofGuard,
  request: ProvenRequest,
  bound: BoundToken,
): Eventually<Refused | Unknown | undefined> {
  return whenReady(guard.check(request, bound), (proof) => {
    if (proof.outcome === 'refused') return refuse(proof)
    try {
      const spent = proof.spend()
      return spent instanceof Promise ? spent.then(answerSpent, cannotTell) : answerSpent(spent)
    } catch {
      return cannotTell()
    }
  })
}

function refuse({ fault, nonce }: BadProof): Refused {
  return nonce === undefined ? { ...REFUSED['invalid-proof'], fault } : { ...REFUSED['nonce-required'], fault, nonce }
}

function answerSpent(isFirst: boolean): Refused | undefined {
  return isFirst ? undefined : { ...REFUSED['invalid-proof'], fault: 'replayed' }
}

function cannotTell(): Unknown {
  return { outcome: 'unknown', reason: 'proofs-unavailable', retryAfterMs: RETRY_AFTER_MS }
}
