import type { NewAuditEvent } from '@counterfoil/core'
import type { LogHead, NewRevocation } from '@counterfoil/protocol'
import { transact } from './asking.ts'
import type { Ask, PostgresPool } from './client.ts'
import { cellsOfAudit } from './database-rows.ts'
import type { Hints } from './hints.ts'
import type { Append } from './revocation-log.ts'

/** Statements about the audit log. */
export const AUDIT_TEXTS = {
  record: `INSERT INTO counterfoil_audit (at, kind, account_id, application_id, session_id, address, user_agent, detail)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`,
} as const

/** What a verb does inside its transaction. */
export interface Writing {
  readonly ask: Ask
  /** Writes the event, with the change that it tells of. */
  readonly audit: (event: NewAuditEvent) => Promise<void>
  /** Appends a record: the last thing in a transaction. */
  readonly append: (record: NewRevocation) => Promise<LogHead>
}

/** Runs a verb as one transaction. */
export type Write = <Result>(act: (writing: Writing) => Promise<Result>) => Promise<Result>

/** How verbs of the database write: the change, the event and the record in one transaction. */
export function createWrite(pool: PostgresPool, append: Append, hints: Hints): Write {
  return async (act) => {
    const grown = new Set<'log'>()
    const result = await transact(pool, (ask) =>
      act({
        ask,
        audit: async (event) => {
          await ask(
            AUDIT_TEXTS.record,
            cellsOfAudit(event).map((cell) => [cell]),
          )
        },
        append: async (record) => {
          grown.add('log')
          return append(ask, [record])
        },
      }),
    )
    for (const topic of grown) hints.notice(topic)
    return result
  }
}
