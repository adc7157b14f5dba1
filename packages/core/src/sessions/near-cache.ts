import type { AccountId, ApplicationId, LogHead, Revocation, SessionId } from '@counterfoil/protocol'
import type { Clock } from '../clock.ts'
import type { FeedListener } from '../revocations/feed.ts'
import { isLive, type Session } from './session.ts'
import type { Standing } from './caller.ts'

/** A session and what it belongs to, as they were read together. */
export interface FoundSession {
  readonly session: Session
  readonly standing: Standing
}

/** This node's own lease on the log: what is kept may be used while it holds one. */
export interface OwnLease {
  readonly isCurrent: boolean
  /** How far the log has been followed. */
  position(): LogHead
  keepCurrent(): Promise<void>
  subscribe(listener: FeedListener): () => void
}

/** What a cache of sessions is made of. */
export interface NearCacheParts {
  readonly lease: OwnLease
  readonly clock: Clock
  /** How many sessions are kept at most; 0 for none. */
  readonly capacity: number
}

interface Entry {
  found: FoundSession
  /** How many endings and changes this node had heard of when it began to read. */
  readonly heard: number
  /** The same, when it was last looked whether one of them concerns this session. */
  checked: number
  readonly readAt: number
}

/** Even what nobody announces, such as new settings of an application, is known after so long. */
const MAX_AGE_MS = 60_000
/** So many endings are told apart; entries from before older ones are read anew. */
const MOST_HEARD = 20_000

/**
 * Sessions that this node has read, so that the next request with one of them needs no store. It is a verifier of its own: an entry is used
 * only under a lease on the log, and only if nothing in the log since its reading began concerns it. That is also why a reading that races with an
 * ending brings nothing back: it began before the ending was heard of.
 */
export class NearCache {
  readonly #lease: OwnLease
  readonly #clock: Clock
  readonly #capacity: number
  /** Entries that were used lately, and those that were not: when the first are too many, the second are let go. */
  #young = new Map<SessionId, Entry>()
  #old = new Map<SessionId, Entry>()
  /** When an account, an application or a session was last heard of; lately, and before. */
  #heard = new Map<string, number>()
  #heardBefore = new Map<string, number>()
  #count = 0
  /** Entries that were read before this many endings are not judged. */
  #floor = 0

  constructor({ lease, clock, capacity }: NearCacheParts) {
    this.#lease = lease
    this.#clock = clock
    this.#capacity = capacity
    if (capacity === 0) return
    lease.subscribe({
      records: ({ records }) => this.note(records),
      resync: () => this.#forgetAll(),
      renew: () => undefined,
    })
  }

  /** How many sessions are kept. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /**
   * The session with this id, live at `now`: from here where it may be, otherwise by `read`, which asks the stores and whose answer is kept.
   *
   * @throws {StoreUnavailable} when it must be read, and cannot be.
   */
  async find(
    id: SessionId,
    now: number,
    read: () => Promise<FoundSession | undefined>,
  ): Promise<FoundSession | undefined> {
    const known = this.peek(id, now) ?? (await this.#peekUnderLease(id, now))
    if (known !== undefined || this.#capacity === 0) return known ?? read()
    const heard = this.#count
    const readAt = this.#clock.monotonic()
    const found = await read()
    if (found !== undefined) this.#put(id, { found, heard, checked: heard, readAt })
    return found
  }

  /** What is kept of this session, if it may be used at this very moment. */
  peek(id: SessionId, now: number): FoundSession | undefined {
    const entry = this.#lookUp(id)
    if (entry === undefined || !this.#lease.isCurrent) return undefined
    if (this.#isSound(entry) && isLive(entry.found.session, now)) {
      // The next lease, before this one ends; a failure shows when there is none.
      this.#lease.keepCurrent().catch(() => undefined)
      return this.#present(entry)
    }
    this.forget(id)
    return undefined
  }

  /** The session as this node itself has just moved it on. Nothing when it is not kept. */
  replace(session: Session): void {
    const entry = this.#young.get(session.id) ?? this.#old.get(session.id)
    if (entry !== undefined) entry.found = { ...entry.found, session }
  }

  /** What is kept of this session is known to be behind. */
  forget(id: SessionId): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }

  /** Takes note of endings and changes: of the log, and at once of this node's own. */
  note(records: readonly (Pick<Revocation, 'kind'> & Subject)[]): void {
    for (const record of records) {
      const name = nameOf(record)
      if (name !== undefined) this.#heard.set(name, ++this.#count)
    }
    if (this.#heard.size <= MOST_HEARD) return
    // Whoever was heard of before the older half began is not looked up any more.
    this.#floor = Math.max(0, ...this.#heardBefore.values())
    this.#heardBefore = this.#heard
    this.#heard = new Map()
  }

  async #peekUnderLease(id: SessionId, now: number): Promise<FoundSession | undefined> {
    if (this.#capacity === 0 || this.#lease.isCurrent) return undefined
    const renewed = this.#lease.keepCurrent().catch(() => undefined)
    if (this.#lookUp(id) === undefined) return undefined
    await renewed
    return this.peek(id, now)
  }

  /** It stands as of this moment, and so do tokens that are made of it. */
  #present(entry: Entry): FoundSession {
    const position = this.#lease.position()
    const { session, standing } = entry.found
    if (standing.position !== position) entry.found = { session, standing: { ...standing, position } }
    return entry.found
  }

  #lookUp(id: SessionId): Entry | undefined {
    const young = this.#young.get(id)
    if (young !== undefined) return young
    const old = this.#old.get(id)
    if (old !== undefined) this.#put(id, old)
    return old
  }

  #put(id: SessionId, entry: Entry): void {
    if (entry.heard < this.#floor) return
    this.#old.delete(id)
    this.#young.set(id, entry)
    if (this.#young.size * 2 < this.#capacity) return
    this.#old = this.#young
    this.#young = new Map()
  }

  #isSound(entry: Entry): boolean {
    if (entry.heard < this.#floor || this.#clock.monotonic() - entry.readAt >= MAX_AGE_MS) return false
    if (entry.checked === this.#count) return true
    const { id, accountId, applicationId } = entry.found.session
    if ([id, accountId, applicationName(applicationId)].some((name) => this.#lastHeard(name) > entry.heard))
      return false
    entry.checked = this.#count
    return true
  }

  #lastHeard(name: string): number {
    return this.#heard.get(name) ?? this.#heardBefore.get(name) ?? 0
  }

  #forgetAll(): void {
    this.#young.clear()
    this.#old.clear()
    this.#heard.clear()
    this.#heardBefore.clear()
    this.#floor = ++this.#count
  }
}

/** The part of a record that names whom it concerns. */
type Subject = Partial<{
  readonly sessionId: SessionId
  readonly accountId: AccountId
  readonly applicationId: ApplicationId
  readonly subject: AccountId | SessionId
}>

function nameOf({ sessionId, accountId, applicationId, subject }: Subject): string | undefined {
  return sessionId ?? accountId ?? subject ?? (applicationId && applicationName(applicationId))
}

/** An application may be called what it likes; ids of sessions and accounts have no colon. */
function applicationName(id: ApplicationId): string {
  return `client:${id}`
}
