import { readFileSync } from 'node:fs'

/** A tick of `/proc`, in microseconds. */
export const TICK_MICROS = 10_000

/** How one processor has spent its time since the machine started, in ticks (proc(5), `/proc/stat`). */
export interface ProcessorTime {
  readonly idle: number
  /** In interrupts, such as those of the network: the kernel charges them to no process. */
  readonly interrupts: number
  readonly all: number
}

/** Reads the times of this processor. @throws {Error} when the machine does not have it. */
export function readProcessor(number: string): ProcessorTime {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`cpu${number} `))
  if (line === undefined) throw new Error(`there is no processor ${number}`)
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, hard = 0, soft = 0, stolen = 0] = line
    .split(' ')
    .slice(1)
    .map(Number)
  const interrupts = hard + soft
  return { idle: idle + waiting, interrupts, all: user + nice + system + idle + waiting + interrupts + stolen }
}
