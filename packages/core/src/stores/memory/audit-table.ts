import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { AuditEvent, NewAuditEvent } from '../../audit.ts'

/** The audit log: copies in, copies out. */
export class AuditTable {
  readonly #events: AuditEvent[] = []
  readonly #owners = new Map<SessionId, AccountId>()

  add(event: NewAuditEvent): void {
    this.#events.push({ ...structuredClone(event), number: this.#events.length + 1 })
    const { kind, sessionId, accountId } = event
    if (kind === 'session.started' && sessionId && accountId) this.#owners.set(sessionId, accountId)
  }

  ownerOf(id: SessionId): AccountId | undefined {
    return this.#owners.get(id)
  }

  read(after: number, limit: number): AuditEvent[] {
    const from = Math.max(0, after)
    return structuredClone(this.#events.slice(from, from + limit))
  }
}
