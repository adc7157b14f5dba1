import type { Candidate } from './candidate.ts'
import type { Instant } from '@counterfoil/protocol'

/** What the issuer said of a session token, and when it was asked: read before the question was sent. */
export interface KnownOpaque extends Candidate {
  readonly askedAt: Instant
}

const MOST = 10_000

/** Answers about session tokens, each good for no longer than a lease. Two generations: when the young one is full, the old one goes. */
export class OpaqueCache {
  #young = new Map<string, KnownOpaque>()
  #old = new Map<string, KnownOpaque>()

  find(token: string): KnownOpaque | undefined {
    return this.#young.get(token) ?? this.#old.get(token)
  }

  keep(candidate: Candidate, askedAt: Instant): void {
    if (this.#young.size >= MOST / 2) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(candidate.token, { ...candidate, askedAt })
  }
}
