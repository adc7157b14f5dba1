import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from './run.ts'

/** Keeps the history of what went wrong, a call in each line, and what it was held to; the folder. */
export function keepHistory({ calls, terms }: Pick<Outcome, 'calls' | 'terms'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-history-'))
  writeFileSync(join(folder, 'history.jsonl'), calls.map((call) => `${JSON.stringify(call)}\n`).join(''))
  writeFileSync(join(folder, 'terms.json'), JSON.stringify({ ...terms, accounts: [...terms.accounts] }))
  return folder
}
