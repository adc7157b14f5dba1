import { readFileSync } from 'node:fs'

const TICK_MICROS = 10_000

/** User and system time of a process so far, from the kernel's own accounting (proc(5), fields 14 and 15), in ticks of 10 ms. */
export function readCpuMicros(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MICROS
}

/** The same with all that it has started, and with what of those has ended (fields 16 and 17). */
export function readTreeCpuMicros(pid: number): number {
  const fields = statOf(pid)
  const ended = (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * TICK_MICROS
  return childrenOf(pid).reduce((sum, child) => sum + readTreeCpuMicros(child), readCpuMicros(pid) + ended)
}

/** None of a process that has just ended. */
function statOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  } catch {
    return []
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
