import type { AccountId, SessionId, StoredStrategy } from '@counterfoil/protocol'
import type { Session, Use } from '../sessions/session.ts'

/** Data that an application keeps with a session: JSON values by name. */
export type Attributes = Readonly<Record<string, unknown>>

/** A session's attributes as they stood at one version. Version 0 is the empty set that a session begins with. */
export interface VersionedAttributes {
  readonly version: number
  readonly attributes: Attributes
}

/** What a rotation brings with it. */
export interface Advance {
  readonly now: number
  /** The new idle expiry; the store never lets it pass the absolute one. */
  readonly idleExpiresAt: number
  /** Who rotated. Its `at` becomes the instant of the rotation. */
  readonly use: Use
  /**
   * The user has proved anew who they are, at `now`: all earlier tokens die (the floor is the new generation), and the
   * session belongs to this generation of its account.
   */
  readonly reauthenticated?: { readonly accountGeneration: number } | undefined
  /** The form that the session takes from this generation on, with the generation or not at all. Default: the one it has. */
  readonly strategy?: StoredStrategy | undefined
}

/**
 * The working set of live sessions. All times are epoch milliseconds given by the caller; a store never asks a clock of
 * its own. Each verb is atomic. What comes back is a copy: changing it changes nothing here. Rejects with
 * `StoreUnavailable` only, when the store cannot be asked or did not confirm; what resolved is durable as far as the
 * store's profile promises.
 */
export interface SessionStore {
  /**
   * Adds the session. `taken` when the id is in use, whether live or not, until it is ended or swept; `superseded` when all
   * sessions of the account below a newer generation than the session's have been ended since (see `endAll`). Either way
   * nothing is written.
   */
  start(session: Session): Promise<'started' | 'taken' | 'superseded'>

  /** The live session, or undefined when there is none at `now`: never there, ended, or past either expiry. */
  find(id: SessionId, now: number): Promise<Session | undefined>

  /**
   * Moves `generation` from `from` to `from + 1`, and sets `rotated`, `seenAt` (to `now`) and the idle expiry, be it later or
   * earlier than before. Of N callers that
   * race from one generation exactly one gets `advanced`; the others, and callers from another generation, get the session as it
   * stands, to decide again. Undefined when there is no live session at `at.now`.
   */
  advance(
    id: SessionId,
    from: number,
    at: Advance,
  ): Promise<{ readonly advanced: Session } | { readonly standing: Session } | undefined>

  /** Raises `generation` to at least `to`; never lowers it. For records that a store has rolled back. Undefined as for `find`. */
  raise(id: SessionId, to: number, now: number): Promise<Session | undefined>

  /**
   * Moves last-seen and idle expiry forward, each by itself, never back, and never past the absolute expiry. Does nothing to a session
   * that has ended, or had expired by `seenAt`: use does not wake the dead.
   */
  touch(id: SessionId, seenAt: number, idleExpiresAt: number): Promise<void>

  /** The attributes of the live session. Undefined as for `find`. */
  readAttributes(id: SessionId, now: number): Promise<VersionedAttributes | undefined>

  /** Replaces all attributes if `version` still holds, and answers the next version. Rotation and use leave it alone. */
  writeAttributes(
    id: SessionId,
    version: number,
    attributes: Attributes,
    now: number,
  ): Promise<{ readonly version: number } | 'conflict' | 'absent'>

  /**
   * Ends one, with its attributes, and frees its id: what was ended, or undefined when there was nothing. It asks for no time,
   * so what it ended may have expired already. Idempotent.
   */
  end(id: SessionId): Promise<Session | undefined>

  /**
   * Ends all of the account's sessions that belong to a generation below `below`, but `keep`; their ids, in any order. From then
   * on a session of such a generation cannot start, so that a sign-in which began before and finishes after does not survive. A
   * call with a lower `below` that comes late takes nothing of that back, and `keep` counts for this call only.
   */
  endAll(
    accountId: AccountId,
    ending: { readonly below: number; readonly keep?: SessionId | undefined },
  ): Promise<SessionId[]>

  /** The account's sessions that are live at `now`, newest first by `started.at`. */
  list(accountId: AccountId, now: number): Promise<Session[]>

  /** Removes at most `limit` sessions that had expired by `now`, with their attributes; how many, 0 when none is left. Garbage collection only: expiry never depends on it. */
  sweep(now: number, limit: number): Promise<number>
}
