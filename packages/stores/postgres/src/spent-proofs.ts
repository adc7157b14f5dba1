import { SPENT_PROOF_MARGIN_MS, SPENT_PROOFS_TIDIED } from '@counterfoil/core'
import type { SpentProofs } from '@counterfoil/core'
import { columnsOf, type Batches, type Statement } from './batches.ts'

/** A proof that is to be used up. */
interface Spending {
  readonly id: string
  readonly until: number
  readonly now: number
}

/**
 * Uses proofs up. Who adds a row that another is just adding waits, and then adds none; locks come in the order of ids, so that no two wait for each other.
 * The earliest clock of all that are in one statement says what is old.
 */
export const SPEND: Statement<Spending, boolean> = {
  text: `
WITH added AS (
  INSERT INTO counterfoil_spent_proofs (id, expires_at)
  SELECT id, expires_at FROM unnest($1::text[], $2::bigint[]) AS g (id, expires_at) ORDER BY id
  ON CONFLICT (id) DO NOTHING RETURNING id),
old AS (
  SELECT id FROM counterfoil_spent_proofs WHERE expires_at <= $3::bigint ORDER BY expires_at LIMIT $4::int
  FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM counterfoil_spent_proofs WHERE id = ANY (ARRAY(SELECT old.id FROM old)))
SELECT id FROM added`,
  bind: (given) => [
    ...columnsOf(
      given.map(({ id, until }) => [id, until]),
      2,
    ),
    Math.min(...given.map(({ now }) => now)) - SPENT_PROOF_MARGIN_MS,
    given.length * SPENT_PROOFS_TIDIED,
  ],
  answer: (rows, given) => {
    const added = new Set(rows.map(([id]) => id))
    return given.map(({ id }) => added.has(id))
  },
  rowOf: ({ id }) => id,
}

/** Spent proofs in PostgreSQL. */
export function createSpentProofs(batches: Batches): SpentProofs {
  const spend = batches.of(SPEND)
  return { spend: (id, until, now) => spend({ id, until, now }) }
}
