import { positionOfMark, type LogHead, type Revocation, type SessionId } from '@counterfoil/protocol'
import { RecordTable, wordsOf, type IdWords } from './record-table.ts'

/** What a token says that records can name. */
export interface TokenSubject {
  readonly session: IdWords | undefined
  readonly account: IdWords | undefined
  readonly sessionId: string
  readonly accountId: string
  readonly applicationId: string
  readonly accountGeneration: number
  readonly applicationGeneration: number
  /** `log_position`: records up to there do not concern it. */
  readonly mark: string
}

/** A session that an account's latest record spares, and the generation that still holds for it. */
interface Kept {
  readonly sessionId: SessionId
  readonly generation: number
}

/** Up to this position everything had been applied before this instant of the monotonic clock. */
interface Milestone {
  readonly before: number
  position: number
}

/** What comes within this part of the time that records are kept shares a milestone: so there are never many more than a hundred. */
const MILESTONES = 100

/**
 * The records that a verifier knows: exact, by identity, never by bytes of a token. Complete from `floor` to `position`; what was before is
 * let go, and tokens from before it are not judged here.
 */
export class RevocationView {
  readonly #sessions = new RecordTable()
  readonly #accounts = new RecordTable()
  readonly #kept = new Map<string, Kept>()
  readonly #clients = new Map<string, { generation: number; position: number }>()
  /** Never let go: a key set that somebody cached may still hold the key, and there are few. */
  readonly #keys = new Set<string>()
  readonly #maxRecords: number
  #milestones: Milestone[] = []
  #incarnation: string | undefined
  #position = 0
  #floor = 0
  #version = 0

  /** More records than `maxRecords` are not kept: then the oldest go early, and tokens from before them are asked about. */
  constructor(maxRecords = 1_000_000) {
    this.#maxRecords = maxRecords
  }

  /** How far the log has been applied; undefined before the first snapshot. */
  get head(): LogHead | undefined {
    return this.#incarnation === undefined ? undefined : { incarnation: this.#incarnation, position: this.#position }
  }

  get floor(): number {
    return this.#floor
  }

  /** Changes whenever something that was clear may be so no longer. */
  get version(): number {
    return this.#version
  }

  get records(): number {
    return this.#sessions.size + this.#accounts.size + this.#clients.size + this.#keys.size
  }

  /** Bytes of the tables that grow with the records. */
  get bytes(): number {
    return this.#sessions.bytes + this.#accounts.bytes
  }

  /** Begins anew after `floor` of this log. */
  reset(incarnation: string, floor: number): void {
    this.#sessions.clear()
    this.#accounts.clear()
    this.#kept.clear()
    this.#clients.clear()
    this.#milestones = []
    this.#incarnation = incarnation
    this.#position = floor
    this.#floor = floor
    this.#version++
  }

  /** Applies records that follow the position. @throws {RangeError} when they do not: a record must never be passed over. */
  apply(records: readonly Revocation[], now: number, retainMs: number): void {
    for (const record of records) {
      if (record.position !== this.#position + 1) throw new RangeError('a record is missing before this one')
      this.#add(record)
      this.#position = record.position
    }
    if (records.length === 0) return
    this.#version++
    this.#mark(now, retainMs)
  }

  /** Lets go of what was applied longer than `retainMs` ago: every token that it could cover has expired. */
  sweep(now: number, retainMs: number): void {
    let floor = this.#floor
    while (this.#milestones[0] !== undefined && now - this.#milestones[0].before > retainMs) {
      floor = this.#milestones[0].position
      this.#milestones.shift()
    }
    const excess = this.#sessions.size + this.#accounts.size - this.#maxRecords
    if (excess > 0) floor = Math.max(floor, this.#floor + excess)
    if (floor > this.#floor) this.#dropUpTo(floor)
  }

  /** Whether a record ends the session of this token, or the key that signed it. */
  covers(subject: TokenSubject, keyId: string | undefined): boolean {
    const { session, applicationId } = subject
    if (session !== undefined && this.#sessions.find(session) !== undefined) return true
    if (subject.accountGeneration < this.#cutOf(subject)) return true
    if (subject.applicationGeneration < (this.#clients.get(applicationId)?.generation ?? 0)) return true
    return keyId !== undefined && this.#keys.has(keyId)
  }

  /** Whether a key has been taken out of use with all that it signed. */
  isKilled(keyId: string): boolean {
    return this.#keys.has(keyId)
  }

  /** Whether every record that could concern this token is known here, or was applied before. */
  canJudge({ mark }: Pick<TokenSubject, 'mark'>): boolean {
    if (this.#incarnation === undefined) return false
    return (positionOfMark(mark, this.#incarnation) ?? 0) >= this.#floor
  }

  #cutOf({ account, accountId, sessionId }: TokenSubject): number {
    const cut = account === undefined ? undefined : this.#accounts.find(account)
    if (cut === undefined) return 0
    const kept = this.#kept.get(accountId)
    return kept?.sessionId === sessionId ? kept.generation : cut
  }

  #add(record: Revocation): void {
    switch (record.kind) {
      case 'session':
        return this.#sessions.add(mustHaveWords(record.sessionId), record.position, 0)
      case 'account':
        return this.#addAccount(record)
      case 'client':
        return void this.#clients.set(record.applicationId, record)
      case 'key':
        return void this.#keys.add(record.keyId)
      case 'changed':
        // For nodes that keep copies of records; a token says what held when it was made.
        return
    }
  }

  /** A session that is spared stays under the cut that held for it before. */
  #addAccount({ accountId, generation, keep, position }: Extract<Revocation, { kind: 'account' }>): void {
    const account = mustHaveWords(accountId)
    if (keep === undefined) this.#kept.delete(accountId)
    else {
      const before = this.#kept.get(accountId)
      const cut = before?.sessionId === keep ? before.generation : (this.#accounts.find(account) ?? 0)
      this.#kept.set(accountId, { sessionId: keep, generation: cut })
    }
    this.#accounts.add(account, position, generation)
  }

  #mark(now: number, retainMs: number): void {
    const last = this.#milestones.at(-1)
    // A record may be kept a little longer than it must be, never less.
    if (last !== undefined && now <= last.before) last.position = this.#position
    else this.#milestones.push({ before: now + retainMs / MILESTONES, position: this.#position })
  }

  #dropUpTo(floor: number): void {
    this.#floor = floor
    this.#sessions.dropUpTo(floor)
    this.#accounts.dropUpTo(floor)
    for (const accountId of this.#kept.keys()) {
      if (this.#accounts.find(mustHaveWords(accountId)) === undefined) this.#kept.delete(accountId)
    }
    for (const [id, { position }] of this.#clients) if (position <= floor) this.#clients.delete(id)
    this.#version++
  }
}

function mustHaveWords(id: string): IdWords {
  const words = wordsOf(id)
  if (words === undefined) throw new RangeError('a record names an id that is none')
  return words
}
