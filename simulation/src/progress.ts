import type { Tally } from './search.ts'

const EVERY_MS = { terminal: 200, log: 5000 }

/** Shows how far a search has come: one line that changes on a terminal, else a line every few seconds. */
export function startProgress({ from, seeds }: { readonly from: number; readonly seeds: number }): {
  readonly ran: (tally: Tally) => void
  readonly end: () => void
} {
  const isTerminal = process.stdout.isTTY
  const everyMs = isTerminal ? EVERY_MS.terminal : EVERY_MS.log
  const startedAt = performance.now()
  let shownAt = startedAt
  let last: Tally | undefined
  const line = (tally: Tally): string => {
    const seconds = (performance.now() - startedAt) / 1000
    const rate = (tally.seeds / seconds).toFixed(0)
    return `${String(tally.seeds)} of ${String(seeds)} seeds from ${String(from)}, ${rate} seeds/s`
  }
  const show = (tally: Tally): void => {
    process.stdout.write(isTerminal ? `\r\u001B[K${line(tally)}` : `${line(tally)}\n`)
  }
  return {
    ran: (tally) => {
      last = tally
      if (performance.now() - shownAt < everyMs) return
      shownAt = performance.now()
      show(tally)
    },
    end: () => {
      if (last === undefined) return
      show(last)
      const { accepted, rejected, stale, revocations, faults } = last
      const kinds = [...faults].map(([kind, count]) => `${kind} ${String(count)}`).join(', ')
      process.stdout.write(`\n${String(revocations)} revocations; decisions: ${String(accepted)} accepted, `)
      process.stdout.write(`${String(rejected)} revoked, ${String(stale)} without an answer\nFaults: ${kinds}\n`)
    },
  }
}
