import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type SuiteResult } from './finding.ts'

/** Bytes of one live session in the in-memory store, beside its attributes; counted in a process of its own. */
export async function benchMemory(quick: boolean): Promise<SuiteResult> {
  const count = quick ? 20_000 : 200_000
  const file = join(import.meta.dirname, 'servers/memory-sessions.js')
  const bytes = Number(execFileSync(process.execPath, ['--expose-gc', file, String(count)], { encoding: 'utf8' }))
  const finding = { what: `a session in memory, ${count} live`, unit: 'bytes', ours: bytes }
  return {
    title: 'Memory',
    findings: [{ ...finding, peer: 'target', theirs: 400, target: 1, lowerIsBetter: true }],
    remarks: ['Heap and array buffers, one session per account, one user agent for all.'],
  }
}
