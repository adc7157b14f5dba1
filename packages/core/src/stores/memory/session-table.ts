import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { Session } from '../../sessions/session.ts'
import { NOWHERE, SessionRows } from './session-rows.ts'

/** Sessions by id and by account. What goes in and what comes out are copies. */
export class SessionTable {
  readonly #rows = new SessionRows()
  readonly #rowOf = new Map<SessionId, number>()
  /** The row of each account's latest session; the earlier ones hang on it, one on the other. */
  readonly #latest = new Map<AccountId, number>()

  has(id: SessionId): boolean {
    return this.#rowOf.has(id)
  }

  get(id: SessionId): Session | undefined {
    const row = this.#rowOf.get(id)
    return row === undefined ? undefined : this.#rows.read(row)
  }

  all(): Session[] {
    return [...this.#rowOf.values()].map((row) => this.#rows.read(row))
  }

  /** The account's sessions, the latest added first. */
  ofAccount(accountId: AccountId): Session[] {
    const sessions: Session[] = []
    let row = this.#latest.get(accountId) ?? NOWHERE
    while (row !== NOWHERE) {
      sessions.push(this.#rows.read(row))
      row = this.#rows.link(row, 'older')
    }
    return sessions
  }

  /** At most `limit` sessions that had expired by `now`. */
  expired(now: number, limit: number): SessionId[] {
    const ids: SessionId[] = []
    for (const [id, row] of this.#rowOf) {
      if (ids.length >= limit) break
      if (this.#rows.endsAt(row) <= now) ids.push(id)
    }
    return ids
  }

  /** Adds a session whose id is not in use. */
  add(session: Session): void {
    const latest = this.#latest.get(session.accountId) ?? NOWHERE
    // One text for the account, however many of its sessions arrive with a copy of their own.
    const accountId = latest === NOWHERE ? session.accountId : this.#rows.accountOf(latest)
    const row = this.#rows.add({ ...session, accountId })
    this.#join(latest, row)
    this.#join(row, NOWHERE)
    this.#latest.set(accountId, row)
    this.#rowOf.set(session.id, row)
  }

  /** Puts the session in the place of the one that has its id, and answers it as it stands then. */
  replace(session: Session): Session {
    const row = this.#rowOf.get(session.id)
    if (row === undefined) throw new TypeError('there is no session to replace')
    this.#rows.write(row, session)
    return this.#rows.read(row)
  }

  remove(id: SessionId): Session | undefined {
    const row = this.#rowOf.get(id)
    if (row === undefined) return undefined
    const session = this.#rows.read(row)
    this.#unlink(row)
    this.#rowOf.delete(id)
    this.#rows.free(row)
    return session
  }

  #unlink(row: number): void {
    const older = this.#rows.link(row, 'older')
    const newer = this.#rows.link(row, 'newer')
    if (newer !== NOWHERE) this.#join(older, newer)
    else if (older !== NOWHERE) {
      this.#join(older, NOWHERE)
      this.#latest.set(this.#rows.accountOf(row), older)
    } else this.#latest.delete(this.#rows.accountOf(row))
  }

  #join(older: number, newer: number): void {
    if (older !== NOWHERE) this.#rows.setLink(older, 'newer', newer)
    if (newer !== NOWHERE) this.#rows.setLink(newer, 'older', older)
  }
}
