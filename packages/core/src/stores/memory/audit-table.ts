import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { AuditEvent, NewAuditEvent } from '../../audit.ts'

/** The audit log: copies in, copies out. */
export class AuditTable {
  readonly #events = new Map<number, AuditEvent>()
  readonly #owners = new Map<SessionId, AccountId>()
  #last = 0

  /** Adds an event, with the next number unless one is given. */
  add(event: NewAuditEvent, number: number = this.#last + 1): void {
    this.#events.set(number, { ...structuredClone(event), number })
    this.#last = number
    const { kind, sessionId, accountId } = event
    if (kind === 'session.started' && sessionId && accountId) this.#owners.set(sessionId, accountId)
  }

  ownerOf(id: SessionId): AccountId | undefined {
    return this.#owners.get(id)
  }

  last(): number {
    return this.#last
  }

  at(number: number): AuditEvent | undefined {
    return structuredClone(this.#events.get(number))
  }

  read(after: number, limit: number): AuditEvent[] {
    const events = [...this.#events.values()].filter(({ number }) => number > after)
    return structuredClone(events.slice(0, limit))
  }
}
