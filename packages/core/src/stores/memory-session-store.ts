import type { AccountId, SessionId } from '@counterfoil/protocol'
import { isLive, type Session } from '../sessions/session.ts'
import type { Attributes, SessionStore, VersionedAttributes } from './session-store.ts'

interface Held {
  session: Session
  attributes: VersionedAttributes | undefined
}

const NO_ATTRIBUTES: VersionedAttributes = { version: 0, attributes: {} }

function copyOf(session: Session): Session {
  return { ...session, rotated: { ...session.rotated }, started: { ...session.started } }
}

/** The reference of the contract, in process memory: for tests, and to read. Each verb is one synchronous step. */
export class MemorySessionStore implements SessionStore {
  readonly #held = new Map<SessionId, Held>()
  readonly #byAccount = new Map<AccountId, Set<SessionId>>()
  /** The generation below which an account's sessions cannot start any more. */
  readonly #floors = new Map<AccountId, number>()

  async start(session: Session): Promise<'started' | 'taken' | 'superseded'> {
    if (this.#held.has(session.id)) return 'taken'
    if (session.accountGeneration < (this.#floors.get(session.accountId) ?? 0)) return 'superseded'
    this.#held.set(session.id, { session: copyOf(session), attributes: undefined })
    const ids = this.#byAccount.get(session.accountId) ?? new Set()
    this.#byAccount.set(session.accountId, ids.add(session.id))
    return 'started'
  }

  async find(id: SessionId, now: number): Promise<Session | undefined> {
    const held = this.#live(id, now)
    return held && copyOf(held.session)
  }

  async advance(
    id: SessionId,
    from: number,
    at: Parameters<SessionStore['advance']>[2],
  ): ReturnType<SessionStore['advance']> {
    const held = this.#live(id, at.now)
    if (held === undefined) return undefined
    const { session } = held
    if (session.generation !== from) return { standing: copyOf(session) }
    const generation = from + 1
    const { reauthenticated } = at
    held.session = {
      ...session,
      generation,
      rotated: { ...at.use },
      seenAt: at.now,
      idleExpiresAt: Math.min(at.idleExpiresAt, session.expiresAt),
      ...(reauthenticated && {
        floor: generation,
        accountGeneration: reauthenticated.accountGeneration,
        authenticatedAt: at.now,
      }),
    }
    return { advanced: copyOf(held.session) }
  }

  async raise(id: SessionId, to: number, now: number): Promise<Session | undefined> {
    const held = this.#live(id, now)
    if (held === undefined) return undefined
    held.session = { ...held.session, generation: Math.max(held.session.generation, to) }
    return copyOf(held.session)
  }

  async touch(id: SessionId, seenAt: number, idleExpiresAt: number): Promise<void> {
    const held = this.#live(id, seenAt)
    if (held === undefined) return
    const { session } = held
    held.session = {
      ...session,
      seenAt: Math.max(session.seenAt, seenAt),
      idleExpiresAt: Math.min(Math.max(session.idleExpiresAt, idleExpiresAt), session.expiresAt),
    }
  }

  async readAttributes(id: SessionId, now: number): Promise<VersionedAttributes | undefined> {
    const held = this.#live(id, now)
    return held && structuredClone(held.attributes ?? NO_ATTRIBUTES)
  }

  async writeAttributes(
    id: SessionId,
    version: number,
    attributes: Attributes,
    now: number,
  ): Promise<{ version: number } | 'conflict' | 'absent'> {
    const held = this.#live(id, now)
    if (held === undefined) return 'absent'
    const standing = held.attributes ?? NO_ATTRIBUTES
    if (standing.version !== version) return 'conflict'
    held.attributes = { version: version + 1, attributes: structuredClone(attributes) }
    return { version: version + 1 }
  }

  async end(id: SessionId): Promise<Session | undefined> {
    return this.#remove(id)
  }

  async endAll(
    accountId: AccountId,
    { below, keep }: { below: number; keep?: SessionId | undefined },
  ): Promise<SessionId[]> {
    this.#floors.set(accountId, Math.max(below, this.#floors.get(accountId) ?? 0))
    const ended = [...(this.#byAccount.get(accountId) ?? [])].filter((id) => {
      const session = this.#held.get(id)?.session
      return id !== keep && session !== undefined && session.accountGeneration < below
    })
    for (const id of ended) this.#remove(id)
    return ended
  }

  async list(accountId: AccountId, now: number): Promise<Session[]> {
    const ids = [...(this.#byAccount.get(accountId) ?? [])]
    const live = ids.flatMap((id) => this.#live(id, now)?.session ?? [])
    return live.map(copyOf).sort((a, b) => b.started.at - a.started.at || (a.id < b.id ? -1 : 1))
  }

  async sweep(now: number, limit: number): Promise<number> {
    let removed = 0
    for (const [id, { session }] of this.#held) {
      if (removed >= limit) break
      if (isLive(session, now)) continue
      this.#remove(id)
      removed++
    }
    return removed
  }

  #live(id: SessionId, now: number): Held | undefined {
    const held = this.#held.get(id)
    return held !== undefined && isLive(held.session, now) ? held : undefined
  }

  #remove(id: SessionId): Session | undefined {
    const session = this.#held.get(id)?.session
    if (session === undefined) return undefined
    this.#held.delete(id)
    const ids = this.#byAccount.get(session.accountId)
    ids?.delete(id)
    if (ids?.size === 0) this.#byAccount.delete(session.accountId)
    return session
  }
}
