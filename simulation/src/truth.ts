import type { generationCut } from '@counterfoil/core'
import type { AccountId, ApplicationId, KeyId, LogHead, NewRevocation, SessionId } from '@counterfoil/protocol'
import type { TokenSubject } from '@counterfoil/verifier/feed'

/** What only the simulation knows of a record: when it was committed, and whether the log has lost it since. */
export interface Ending {
  readonly committedAt: number
  readonly place: LogHead
  readonly record: NewRevocation
  isLost: boolean
  /** From when on nobody decides without knowing of it, because a node said so. */
  obeyedAt: number
}

/** What an account remembers of the raises of its generation. */
type Generations = Parameters<typeof generationCut>[0]

export interface SimAccount {
  readonly id: AccountId
  generations: Generations
}

export interface SimClient {
  readonly id: ApplicationId
  generation: number
}

export interface SimKey {
  readonly id: KeyId
  readonly endings: Ending[]
}

export interface SimSession {
  readonly id: SessionId
  readonly account: SimAccount
  readonly client: SimClient
  readonly accountGeneration: number
  readonly clientGeneration: number
  readonly endings: Ending[]
  /** It began in what the log has lost. */
  isGone: boolean
}

export interface SimToken {
  readonly name: string
  readonly subject: TokenSubject
  readonly session: SimSession
  readonly key: SimKey
  readonly issuedAt: number
  /** A view that still follows what has been lost may know a record that covers it. */
  readonly mayLookRevoked: boolean
  /** By the wall clock of the node that issued it. */
  readonly validFromAt: number
  readonly expiresAt: number
}
