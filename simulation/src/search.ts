import { FAULT_KINDS, type Fault } from './faults.ts'
import { runSeed, type RunOptions, type RunResult } from './simulation.ts'

/** What a search has seen so far. */
export interface Tally {
  seeds: number
  accepted: number
  rejected: number
  stale: number
  revocations: number
  readonly faults: Map<Fault['kind'], number>
}

/** Runs seeds one after the other until one breaks a clause; that one, or undefined. */
export async function search(
  { from, seeds }: { readonly from: number; readonly seeds: number },
  options: RunOptions,
  onRun?: (tally: Tally) => void,
): Promise<RunResult | undefined> {
  const tally: Tally = {
    seeds: 0,
    accepted: 0,
    rejected: 0,
    stale: 0,
    revocations: 0,
    faults: new Map(FAULT_KINDS.map(([kind]) => [kind, 0])),
  }
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runSeed(seed, options)
    count(tally, result)
    onRun?.(tally)
    if (result.violation !== undefined) return result
  }
  return undefined
}

function count(tally: Tally, { plan, accepted, rejected, stale, revocations }: RunResult): void {
  tally.seeds++
  tally.accepted += accepted
  tally.rejected += rejected
  tally.stale += stale
  tally.revocations += revocations
  for (const { kind } of plan.faults) tally.faults.set(kind, (tally.faults.get(kind) ?? 0) + 1)
}
