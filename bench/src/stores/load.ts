import { median } from '../finding.ts'

/** How many calls are under way at once. */
export const IN_FLIGHT = 64

/** What keeping something busy came to. */
export interface Load {
  readonly perSecond: number
  /** User and system time of this process per call, in microseconds. */
  readonly cpuMicros: number
  /** The same of the store's own processes; 0 where it has none. */
  readonly storeCpuMicros: number
}

/** What can be called again and again. */
export interface Subject {
  readonly name: string
  readonly act: () => Promise<void>
  /** User and system time of the store's processes so far, in microseconds. */
  readonly storeCpuMicros?: (() => number) | undefined
}

/** Calls for so long, with `IN_FLIGHT` callers, each of which waits for its answer. */
async function keepBusy({ act, storeCpuMicros = () => 0 }: Subject, forMs: number): Promise<Load> {
  const storeBefore = storeCpuMicros()
  const before = process.cpuUsage()
  const began = performance.now()
  let done = 0
  const caller = async (): Promise<void> => {
    // Asked every so often: a cached answer costs no more than the question.
    while (performance.now() - began < forMs) {
      for (let turn = 0; turn < 8; turn++) await act()
      done += 8
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller))
  const { user, system } = process.cpuUsage(before)
  return {
    perSecond: done / ((performance.now() - began) / 1000),
    cpuMicros: (user + system) / done,
    storeCpuMicros: (storeCpuMicros() - storeBefore) / done,
  }
}

/** Keeps all of them busy in turn, in several rounds; the middle of each. The first round warms up. */
export async function compare(
  subjects: readonly Subject[],
  { forMs, rounds }: { readonly forMs: number; readonly rounds: number },
): Promise<ReadonlyMap<string, Load>> {
  const loads = new Map<string, Load[]>(subjects.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const subject of subjects) {
      const load = await keepBusy(subject, round === 0 ? forMs / 4 : forMs)
      if (round > 0) loads.get(subject.name)?.push(load)
    }
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  return new Map([...loads].map(([name, all]) => [name, middleOf(all)]))
}

function middleOf(loads: readonly Load[]): Load {
  return {
    perSecond: median(loads.map(({ perSecond }) => perSecond)),
    cpuMicros: median(loads.map(({ cpuMicros }) => cpuMicros)),
    storeCpuMicros: median(loads.map(({ storeCpuMicros }) => storeCpuMicros)),
  }
}

/** The load of this name. @throws {Error} when nothing was measured under it. */
export function loadOf(loads: ReadonlyMap<string, Load>, name: string): Load {
  const load = loads.get(name)
  if (load === undefined) throw new Error(`"${name}" was not measured`)
  return load
}
