import type { DatabaseSync } from 'node:sqlite'
import { SPENT_PROOF_MARGIN_MS, SPENT_PROOFS_TIDIED } from '@counterfoil/core'
import { prepareChange } from './statements.ts'

/** The verb that uses proofs up; it runs inside a transaction that others begin and commit. */
export type ProofVerbs = ReturnType<typeof prepareProofVerbs>

/** Prepares the verb that uses proofs up. */
export function prepareProofVerbs(db: DatabaseSync) {
  const add = prepareChange(db, 'INSERT INTO spent_proofs (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING')
  const tidy = prepareChange(
    db,
    `DELETE FROM spent_proofs WHERE id IN
       (SELECT id FROM spent_proofs WHERE expires_at <= ? ORDER BY expires_at LIMIT ${SPENT_PROOFS_TIDIED})`,
  )
  return {
    spendProof(id: string, until: number, now: number): boolean {
      const isFirst = add(id, until) === 1
      tidy(now - SPENT_PROOF_MARGIN_MS)
      return isFirst
    },
  }
}
