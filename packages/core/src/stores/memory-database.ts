import type { AccountId, ApplicationId, KeyId, SessionId } from '@counterfoil/protocol'
import type { Application, ApplicationSettings } from '../applications/application.ts'
import type { AuditEvent, NewAuditEvent } from '../audit.ts'
import type { KeyPurpose, StoredKey } from '../tokens/stored-key.ts'
import type { Database, RaisedGeneration } from './database.ts'
import { MemoryAccounts } from './memory-accounts.ts'
import { MemoryAudit } from './memory-audit.ts'
import type { MemoryRevocationLog } from './memory-revocation-log.ts'

const PURPOSES: readonly KeyPurpose[] = ['jwt', 'opaque']

/** The reference of the contract, in process memory. Records of what ends go to `log` in the same step. */
export class MemoryDatabase extends MemoryAccounts implements Database {
  readonly #applications = new Map<ApplicationId, Application>()
  readonly #keys = new Map<KeyId, StoredKey>()
  readonly #audit: MemoryAudit
  readonly #log: MemoryRevocationLog

  constructor(log: MemoryRevocationLog) {
    const audit = new MemoryAudit()
    super(audit, log)
    this.#audit = audit
    this.#log = log
  }

  async declareApplication(settings: ApplicationSettings): Promise<Application> {
    const generation = this.#applications.get(settings.id)?.generation ?? 0
    const application = structuredClone({ ...settings, generation })
    this.#applications.set(settings.id, application)
    return structuredClone(application)
  }

  async findApplication(id: ApplicationId): Promise<Application | undefined> {
    return structuredClone(this.#applications.get(id))
  }

  async listApplications(): Promise<Application[]> {
    return structuredClone([...this.#applications.values()])
  }

  async raiseApplicationGeneration(
    id: ApplicationId,
    at: number,
    audit: NewAuditEvent,
  ): Promise<RaisedGeneration | undefined> {
    const application = this.#applications.get(id)
    if (application === undefined) return undefined
    const generation = application.generation + 1
    this.#applications.set(id, { ...application, generation })
    this.#audit.append(audit)
    return { generation, head: this.#log.appendNow([{ kind: 'client', applicationId: id, generation, at }]) }
  }

  async listKeys(): Promise<StoredKey[]> {
    return structuredClone(PURPOSES.flatMap((purpose) => this.#inTurn(purpose)))
  }

  async addKeys(
    purpose: KeyPurpose,
    newest: KeyId | undefined,
    keys: readonly StoredKey[],
    audit: NewAuditEvent,
  ): Promise<boolean> {
    if (this.#inTurn(purpose).at(-1)?.id !== newest) return false
    for (const key of keys) this.#keys.set(key.id, structuredClone(key))
    this.#audit.append(audit)
    return true
  }

  async scheduleKey(id: KeyId, from: number, activeAt: number, audit: NewAuditEvent): Promise<boolean> {
    const key = this.#keys.get(id)
    if (key?.activeAt !== from) return false
    this.#keys.set(id, { ...key, activeAt })
    this.#audit.append(audit)
    return true
  }

  async removeKey(id: KeyId, audit: NewAuditEvent): Promise<boolean> {
    const removed = this.#keys.delete(id)
    if (removed) this.#audit.append(audit)
    return removed
  }

  async recordAudit(event: NewAuditEvent): Promise<void> {
    this.#audit.append(event)
  }

  async findSessionOwner(id: SessionId): Promise<AccountId | undefined> {
    return this.#audit.ownerOf(id)
  }

  async readAudit(after: number, limit: number): Promise<AuditEvent[]> {
    return this.#audit.read(after, limit)
  }

  async check(): Promise<void> {
    // Memory is always within reach.
  }

  #inTurn(purpose: KeyPurpose): StoredKey[] {
    const keys = [...this.#keys.values()].filter((key) => key.purpose === purpose)
    return keys.sort((a, b) => a.activeAt - b.activeAt)
  }
}
