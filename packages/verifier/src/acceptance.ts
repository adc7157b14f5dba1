import type { Accepted, Identity } from './decision.ts'
import type { Work } from './feed/open-work.ts'
import type { Checked } from './judgement.ts'

/** How a credential was accepted. */
export interface Manner {
  readonly fresh: boolean
  /** Whether what it opens ends with the lease. */
  readonly endsWhenStale: boolean
}

/** The manners in which a credential can be accepted, in a fixed order. */
export const MANNERS = {
  fresh: { fresh: true, endsWhenStale: false },
  freshOnly: { fresh: true, endsWhenStale: true },
  unfollowed: { fresh: false, endsWhenStale: false },
} as const satisfies Readonly<Record<string, Manner>>

/** An acceptance; it is made once for each credential and manner, and its signal when somebody asks for it. */
class Acceptance implements Accepted {
  readonly outcome = 'accepted'
  readonly identity: Identity
  readonly fresh: boolean
  readonly #open: () => AbortSignal

  constructor(identity: Identity, fresh: boolean, open: () => AbortSignal) {
    this.identity = identity
    this.fresh = fresh
    this.#open = open
    Object.freeze(this)
  }

  get signal(): AbortSignal {
    return this.#open()
  }
}

/** What acceptances of one credential are made of. */
export interface AcceptanceParts {
  readonly checked: Checked
  readonly keyId: string | undefined
  readonly leewayMs: number
  /** Opens work under the credential. */
  readonly open: (work: Work) => AbortSignal
}

/** Accepts one credential. A signal that has been asked for is shared: all that it opened ends together. */
export class Acceptances {
  readonly #parts: AcceptanceParts
  /** Made when there is a second one: nearly all are accepted in one manner only. */
  #others: Map<Manner, Accepted> | undefined
  #first: { readonly manner: Manner; readonly accepted: Accepted } | undefined

  constructor(parts: AcceptanceParts) {
    this.#parts = parts
  }

  in(manner: Manner): Accepted {
    if (this.#first?.manner === manner) return this.#first.accepted
    const made = this.#others?.get(manner)
    if (made !== undefined) return made
    const accepted = new Acceptance(this.#parts.checked.identity, manner.fresh, this.#opener(manner))
    if (this.#first === undefined) this.#first = { manner, accepted }
    else (this.#others ??= new Map()).set(manner, accepted)
    return accepted
  }

  #opener({ endsWhenStale }: Manner): () => AbortSignal {
    let signal: AbortSignal | undefined
    return () => {
      const { checked, keyId, leewayMs, open } = this.#parts
      const expiresAt = checked.identity.expiresAt + leewayMs
      signal ??= open({ subject: checked.subject, keyId, expiresAt, endsWhenStale })
      return signal
    }
  }
}
