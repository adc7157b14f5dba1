import type { ApplicationId, KeyId } from '@counterfoil/protocol'
import type { Application } from '../../applications/application.ts'
import type { StoredKey } from '../../tokens/stored-key.ts'
import type { AccountTable } from './account-table.ts'
import type { AuditTable } from './audit-table.ts'
import type { AppendNow } from './revocation-log.ts'

/** What one database knows, and how it appends to its log. */
export interface Tables {
  readonly accounts: AccountTable
  readonly applications: Map<ApplicationId, Application>
  readonly keys: Map<KeyId, StoredKey>
  readonly audit: AuditTable
  readonly appendNow: AppendNow
}
