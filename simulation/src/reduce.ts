import type { Fault } from './faults.ts'
import { runSeed, type RunOptions, type RunResult } from './simulation.ts'

/**
 * The shortest schedule of faults that could be found under which a seed still breaks the same clause, and the run that does: drops
 * ever smaller parts of the schedule, as long as the violation stays (delta debugging).
 */
export async function reduceFaults(
  found: RunResult,
  options: RunOptions,
): Promise<RunResult & { faults: readonly Fault[] }> {
  const { seed } = found.plan
  let faults = options.faults ?? found.plan.faults
  const breaks = async (kept: readonly Fault[]): Promise<boolean> => {
    const { violation } = await runSeed(seed, { ...options, faults: kept })
    return violation?.clause === found.violation?.clause
  }
  let size = Math.ceil(faults.length / 2)
  while (size >= 1) {
    const smaller = await dropPart(faults, size, breaks)
    if (smaller !== undefined) faults = smaller
    else size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return { ...(await runSeed(seed, { ...options, faults, traced: true })), faults }
}

async function dropPart(
  faults: readonly Fault[],
  size: number,
  breaks: (kept: readonly Fault[]) => Promise<boolean>,
): Promise<readonly Fault[] | undefined> {
  for (let at = 0; at < faults.length; at += size) {
    const kept = faults.toSpliced(at, size)
    if (await breaks(kept)) return kept
  }
  return undefined
}
