import { createVerifier, type Decision, type Verifier } from '@counterfoil/verifier'
import type { CallAnswer } from './history.ts'

/** The key under which they follow the log. */
export const VERIFIER_KEY = 'a-key-of-the-verifiers-of-the-fault-suite'

const PATIENCE_MS = 20_000

/** Services that verify access tokens by themselves, and follow the log at whichever node they reach. */
export class Verifiers {
  readonly #verifiers: readonly Verifier[]

  constructor(issuer: string, count: number) {
    this.#verifiers = Array.from({ length: count }, () =>
      createVerifier({ issuer, audience: issuer, onStale: 'reject', feed: { key: VERIFIER_KEY, timeoutMs: 700 } }),
    )
  }

  get count(): number {
    return this.#verifiers.length
  }

  /** Resolves when all of them hold leases. */
  async ready(): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS
    while (!this.#verifiers.every(isHolding)) {
      if (performance.now() > giveUpAt) throw new Error('the verifiers do not come to follow the log')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** What one says, in the words of an answer. */
  async ask(at: number, token: string): Promise<CallAnswer | undefined> {
    const decision = await this.#verifiers[at]?.verify(token)
    return decision && answerOf(decision)
  }

  close(): void {
    for (const verifier of this.#verifiers) verifier.close()
  }
}

function isHolding(verifier: Verifier): boolean {
  const { feed } = verifier.status()
  return feed !== 'none' && feed.holding
}

function answerOf(decision: Decision): CallAnswer {
  switch (decision.outcome) {
    case 'accepted':
      return { status: 200, clearsCookie: false }
    case 'refused':
      return { status: 401, code: decision.reason, clearsCookie: false }
    case 'unknown':
      return { status: 503, code: decision.reason, clearsCookie: false }
  }
}
