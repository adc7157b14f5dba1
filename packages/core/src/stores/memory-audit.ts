import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { AuditEvent, NewAuditEvent } from '../audit.ts'

/** The part of the reference database that remembers what happened. */
export class MemoryAudit {
  readonly #events: AuditEvent[] = []
  readonly #owners = new Map<SessionId, AccountId>()

  append(event: NewAuditEvent): void {
    this.#events.push(structuredClone({ ...event, number: this.#events.length + 1 }))
    if (event.kind === 'session.started' && event.sessionId !== undefined && event.accountId !== undefined)
      this.#owners.set(event.sessionId, event.accountId)
  }

  ownerOf(id: SessionId): AccountId | undefined {
    return this.#owners.get(id)
  }

  read(after: number, limit: number): AuditEvent[] {
    return structuredClone(this.#events.slice(after, after + limit))
  }
}
