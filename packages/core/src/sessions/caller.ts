import type { ApplicationId, LogHead, SessionId, Strategy } from '@counterfoil/protocol'
import type { Account } from '../accounts/account.ts'
import type { Application } from '../applications/application.ts'
import type { Use } from './session.ts'

/** A session as its owner may see it, whether there is a record of it or only a token. */
export interface SessionView {
  readonly id: SessionId
  readonly applicationId: ApplicationId
  readonly strategy: Strategy
  readonly started: Use
  /** When the user last proved who they are. */
  readonly authenticatedAt: number
  /** Undefined for a stateless session: nobody writes down its use. */
  readonly seenAt?: number | undefined
  /** Undefined for a stateless session: use does not prolong it. */
  readonly idleExpiresAt?: number | undefined
  readonly expiresAt: number
  readonly deviceLabel?: string | undefined
  /** The thumbprint of the key that the session is bound to, if it is. */
  readonly keyThumbprint?: string | undefined
}

/** An account and an application that a session can still belong to. */
export interface Standing {
  readonly account: Account
  readonly application: Application
  /** How far the log had been followed before this was looked up: what tokens that come of it carry (`log_position`). */
  readonly position: LogHead
}

/** Who calls: an account, by one of its sessions. */
export interface Caller {
  readonly account: Account
  readonly application: Application
  readonly session: SessionView
  /** The generations that hold for this session; tokens made for it carry them on. */
  readonly accountGeneration: number
  readonly applicationGeneration: number
  /** How far the log had been followed before the session was found to stand. */
  readonly position: LogHead
}

/** What the client gets in its hands. Which members are there depends on the strategy. */
export interface Credentials {
  readonly accessToken?: string | undefined
  /** Remaining life of the access token, in whole seconds. */
  readonly expiresIn?: number | undefined
  readonly refreshToken?: string | undefined
  readonly sessionToken?: string | undefined
}

/** A session that has just started or gone on, and what its client holds from now on. */
export interface SignedIn {
  readonly account: Account
  readonly session: SessionView
  readonly application: Application
  readonly credentials: Credentials
}

/** What was ended, and from when on nobody accepts it any more. */
export interface Ended {
  /** The stored sessions that it found; a stateless one that "end all" ended is known to nobody. */
  readonly sessionIds: readonly SessionId[]
  /** The place of the record in the log. */
  readonly head: LogHead
  /**
   * When the last access token that was already handed out expires: from then on nobody accepts it, not even a verifier without the feed (G4).
   * This server itself obeys at once, and verifiers with the feed within the bound.
   */
  readonly expiredAt: number
}
