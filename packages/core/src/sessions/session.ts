import type { AccountId, ApplicationId, SessionId, StoredStrategy } from '@counterfoil/protocol'

/** Who used a credential, and when: for lists that users see, and for the audit log. */
export interface Use {
  readonly at: number
  /** The client's address as far as configured proxies vouch for it. */
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

/** One sign-in of one account in one application, on one device. Instants are epoch milliseconds. */
export interface Session {
  readonly id: SessionId
  readonly accountId: AccountId
  readonly applicationId: ApplicationId
  readonly strategy: StoredStrategy
  /** The generation of the opaque token that is current. */
  readonly generation: number
  /** Tokens of a generation below this one are dead without being a sign of theft: the user has proved anew who they are. */
  readonly floor: number
  /** When, and at whose hands, the current generation came to be. */
  readonly rotated: Use
  /** The account's and the application's generation when the session began, or when the user last re-authenticated. */
  readonly accountGeneration: number
  readonly applicationGeneration: number
  /** When the user last proved who they are. */
  readonly authenticatedAt: number
  readonly started: Use
  readonly seenAt: number
  /** Moves forward with use. */
  readonly idleExpiresAt: number
  /** Never moves. */
  readonly expiresAt: number
  readonly deviceLabel?: string | undefined
  /** The thumbprint of the client's key, where the session is bound to one (RFC 9449): it goes on by proof of that key alone. Never changes. */
  readonly keyThumbprint?: string | undefined
}

/** The instant from which the session is no more, by whichever expiry comes first. */
export function sessionEndsAt(session: Session): number {
  return Math.min(session.idleExpiresAt, session.expiresAt)
}

/** Whether the session is live at `now`: an expiry ends it at its very millisecond. */
export function isLive(session: Session, now: number): boolean {
  return now < sessionEndsAt(session)
}
