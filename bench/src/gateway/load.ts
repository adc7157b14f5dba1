import autocannon from 'autocannon'
import { median } from '../finding.ts'
import { ANSWER } from './answer.ts'
import { CORES } from './pinned.ts'
import { readProcessor, TICK_MICROS } from './processor.ts'
import type { Subject } from './subject.ts'

declare module 'autocannon' {
  interface Outcome {
    readonly mismatches: number
    /** In seconds, from the first request to the last answer. */
    readonly duration: number
  }
}

/** How many requests are under way at once. */
export const CONNECTIONS = 16

/** What requests through one gateway came to. */
export interface Figures {
  /** User and system time of all its parties per request, in microseconds. */
  readonly cpuMicros: number
  /** What of that was spent in the kernel; NaN where it is not known. */
  readonly kernelMicros: number
  /** What their processor spent in interrupts meanwhile, per request: the kernel charges it to nobody. */
  readonly interruptMicros: number
  readonly perSecond: number
  /** How much of the time their processor was busy, with whatever, from 0 to 1. */
  readonly busy: number
  /** How much of the time it worked for others: the more, the less these figures say. */
  readonly others: number
}

/** How long and how often. */
export interface Pace {
  readonly forMs: number
  readonly rounds: number
}

/** Requests for so long; how many there were, and how long it took. @throws {Error} unless each was answered with 200 and the right body. */
export async function keepBusy(
  { name, url, headers }: Omit<Subject, 'parties' | 'promises'>,
  forMs: number,
): Promise<{ readonly served: number; readonly seconds: number }> {
  const options = { url, headers, connections: CONNECTIONS, duration: forMs / 1000, expectBody: ANSWER }
  const { requests, non2xx, errors, mismatches, duration } = await autocannon(options)
  if (non2xx + errors + mismatches > 0)
    throw new Error(`${name}: ${non2xx} answers other than 2xx, ${mismatches} of another body, ${errors} errors`)
  return { served: requests.total, seconds: duration }
}

async function measure(subject: Subject, forMs: number): Promise<Figures> {
  const { parties } = subject
  const cpu = (): number => parties.reduce((sum, party) => sum + party.cpuMicros(), 0)
  const kernel = (): number => parties.reduce((sum, party) => sum + (party.kernelMicros?.() ?? Number.NaN), 0)
  const [cpuBefore, kernelBefore, before] = [cpu(), kernel(), readProcessor(CORES.measured)]
  const { served, seconds } = await keepBusy(subject, forMs)
  const after = readProcessor(CORES.measured)
  const spent = cpu() - cpuBefore
  const [all, interrupts] = [after.all - before.all, after.interrupts - before.interrupts]
  const busy = 1 - (after.idle - before.idle) / all
  return {
    cpuMicros: spent / served,
    kernelMicros: (kernel() - kernelBefore) / served,
    interruptMicros: (interrupts * TICK_MICROS) / served,
    perSecond: served / seconds,
    busy,
    others: Math.max(0, busy - (spent / TICK_MICROS + interrupts) / all),
  }
}

/** Keeps all of them busy in turn, in several rounds; the middle of each figure in the quieter half. The first round warms up. */
export async function measureAll(
  subjects: readonly Subject[],
  { forMs, rounds }: Pace,
): Promise<ReadonlyMap<string, Figures>> {
  const figures = new Map<string, Figures[]>(subjects.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const subject of subjects) {
      const found = await measure(subject, forMs)
      if (round > 0) figures.get(subject.name)?.push(found)
    }
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  return new Map([...figures].map(([name, all]) => [name, middleOf(all)]))
}

/** Of the half in which others took the least of the processor. */
function middleOf(all: readonly Figures[]): Figures {
  const quieter = all.toSorted((a, b) => a.others - b.others).slice(0, Math.ceil(all.length / 2))
  const middle = (figure: keyof Figures): number => median(quieter.map((each) => each[figure]))
  return {
    cpuMicros: middle('cpuMicros'),
    kernelMicros: middle('kernelMicros'),
    interruptMicros: middle('interruptMicros'),
    perSecond: middle('perSecond'),
    busy: middle('busy'),
    others: middle('others'),
  }
}
