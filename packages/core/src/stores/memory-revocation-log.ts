import { drawId, systemRandom } from '../random.ts'
import type { LogHead, NewRevocation, Revocation, SessionId } from '@counterfoil/protocol'
import type { RevocationLog, Unsubscribe } from './revocation-log.ts'

/** The reference of the contract, in process memory. It has a new incarnation each time: what it held before is lost. */
export class MemoryRevocationLog implements RevocationLog {
  readonly #incarnation: string = drawId(systemRandom)
  readonly #watchers = new Set<() => void>()
  readonly #sessions = new Set<SessionId>()
  #records: Revocation[] = []
  #compacted = 0
  #position = 0

  async append(records: readonly NewRevocation[]): Promise<LogHead> {
    return this.appendNow(records)
  }

  /** The same in one step with what the records record. */
  appendNow(records: readonly NewRevocation[]): LogHead {
    for (const record of records) {
      this.#records.push({ ...record, position: ++this.#position })
      if (record.kind === 'session') this.#sessions.add(record.sessionId)
    }
    if (records.length > 0) for (const watcher of this.#watchers) queueMicrotask(watcher)
    return this.#head()
  }

  async read(after: number, limit: number): ReturnType<RevocationLog['read']> {
    if (after < this.#compacted) return 'compacted'
    const from = after - this.#compacted
    return { records: this.#records.slice(from, from + limit).map((record) => ({ ...record })), head: this.#head() }
  }

  async head(): Promise<LogHead> {
    return this.#head()
  }

  async holdsSession(id: SessionId): Promise<boolean> {
    return this.#sessions.has(id)
  }

  watch(onAppend: () => void): Unsubscribe {
    const watcher = (): void => onAppend()
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  async compact(before: number): Promise<number> {
    const kept = this.#records.findIndex(({ at }) => at >= before)
    const removed = this.#records.splice(0, kept < 0 ? this.#records.length : kept)
    this.#compacted += removed.length
    const held = new Set(this.#records.map((record) => (record.kind === 'session' ? record.sessionId : undefined)))
    for (const record of removed) {
      if (record.kind === 'session' && !held.has(record.sessionId)) this.#sessions.delete(record.sessionId)
    }
    return removed.length
  }

  #head(): LogHead {
    return { incarnation: this.#incarnation, position: this.#position }
  }
}
