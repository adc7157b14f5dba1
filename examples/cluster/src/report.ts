import type { Cluster } from './cluster.ts'
import type { Ledger } from './ledger.ts'

/** What a trial must not do, and whether it did. */
export interface Verdict {
  readonly promise: string
  readonly broken: readonly string[]
}

/**
 * Holds what happened to what is promised. With `graceful`, a node that stops may cost one request a second try: this nginx does not ask nodes whether
 * they are ready, and may connect in the very moment in which one stops to listen.
 */
export function judge(ledger: Ledger, graceful: boolean): Verdict[] {
  const lost = graceful ? ledger.mishaps : ledger.strays()
  const allowed = graceful ? ledger.restarts : 0
  const promise = graceful
    ? 'a node that stops cost at most one request a second try'
    : 'no request was lost but those in flight on a dying node'
  const broken = lost.length > allowed ? lost.map(({ request, what }) => `${request}: ${what}`) : []
  return [
    { promise: 'every request was answered, some at a second try', broken: ledger.failures },
    { promise: 'nobody was signed out', broken: ledger.signedOut },
    { promise, broken },
  ]
}

/** A line about how it goes. */
export function progress(seconds: number, { nodes }: Cluster, ledger: Ledger, starts: number): string {
  const ready = nodes.filter(({ isReady }) => isReady).length
  const counts = `${show(ledger.requests)} requests, ${ledger.mishaps.length} tried again, ${ledger.failures.length} failed`
  return `${String(seconds).padStart(4)} s  ${starts} restarts, ${ready} nodes ready, ${counts}, ${ledger.signedOut.length} signed out`
}

/** What came of it, for people. */
export function summarise(ledger: Ledger, startsMs: readonly number[], verdicts: readonly Verdict[]): string {
  const mean = startsMs.reduce((sum, each) => sum + each, 0) / Math.max(1, startsMs.length)
  const figures = [
    ['nodes ended and replaced', show(startsMs.length)],
    ['of these killed', show(ledger.kills.length)],
    ['mean time to ready', `${show(mean)} ms`],
    ['requests', show(ledger.requests)],
    ['not answered at the first try', show(ledger.mishaps.length)],
    ['failed in the end', show(ledger.failures.length)],
    ['users signed out', show(ledger.signedOut.length)],
  ] as const
  const lines = figures.map(([name, figure]) => `  ${name.padEnd(32)}${figure.padStart(10)}`)
  return [...lines, '', ...verdicts.flatMap(describeVerdict)].join('\n')
}

function describeVerdict({ promise, broken }: Verdict): string[] {
  if (broken.length === 0) return [`  kept    ${promise}`]
  return [`  BROKEN  ${promise}: ${broken.length} times`, ...broken.slice(0, 10).map((line) => `          ${line}`)]
}

function show(number: number): string {
  return Math.round(number).toLocaleString('en-US')
}
