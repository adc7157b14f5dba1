/**
 * How long after its `until` a proof is still remembered, in milliseconds: by how much the clocks of nodes may differ, and one clock be set back. A node
 * whose clock is ahead tidies by it, and must not forget what a node whose clock is behind would still accept.
 */
export const SPENT_PROOF_MARGIN_MS = 10 * 60_000

/** How many proofs one call forgets at most: more than it adds, so that they become fewer. */
export const SPENT_PROOFS_TIDIED = 4

/**
 * Remembers which proofs of possession have been used, so that none is used twice (RFC 9449 §11.1). No clock takes part in the decision: whoever comes
 * second is refused for as long as the first is remembered. Rejects only when it cannot tell, or has no room; then nothing may be accepted.
 */
export interface SpentProofs {
  /**
   * Atomic. Uses a proof up: `true` to exactly one of all who spend this id, whatever their clocks say. `id` is short and says nothing about the proof.
   * `until` is when nobody takes the proof any more, and is the same whoever reckons it: it comes from the proof. `now` only tidies: proofs whose
   * `until` was `SPENT_PROOF_MARGIN_MS` ago are forgotten, at most `SPENT_PROOFS_TIDIED` with each call. Both are epoch milliseconds, whole numbers.
   */
  spend(id: string, until: number, now: number): Promise<boolean>
}
