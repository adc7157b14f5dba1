import type { Decision, RefusalReason } from './decision.ts'

/** How many decisions there were of each outcome. */
export interface DecisionCounts {
  readonly accepted: number
  /** Those among them that were accepted without a lease, because the route says so. */
  readonly acceptedStale: number
  readonly refused: Readonly<Record<RefusalReason, number>>
  readonly unknown: number
}

/** Counts decisions. */
export class Tally {
  #accepted = 0
  #acceptedStale = 0
  #unknown = 0
  readonly #refused: Record<RefusalReason, number> = {
    absent: 0,
    opaque: 0,
    malformed: 0,
    untrusted: 0,
    'wrong-type': 0,
    'wrong-issuer': 0,
    'wrong-audience': 0,
    'not-yet-valid': 0,
    expired: 0,
    revoked: 0,
    'too-old-authentication': 0,
    bound: 0,
    unbound: 0,
    'invalid-proof': 0,
    'nonce-required': 0,
  }

  /** Counts a decision, and hands it on. */
  count(decision: Decision): Decision {
    if (decision.outcome === 'accepted') this.#accepted++
    else if (decision.outcome === 'refused') this.#refused[decision.reason]++
    else this.#unknown++
    return decision
  }

  /** Notes that one is accepted although nobody can tell. */
  noteStale(): void {
    this.#acceptedStale++
  }

  counts(): DecisionCounts {
    const accepted = { accepted: this.#accepted, acceptedStale: this.#acceptedStale }
    return { ...accepted, refused: { ...this.#refused }, unknown: this.#unknown }
  }
}
