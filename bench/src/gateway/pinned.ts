import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ServerProcess } from '@counterfoil/testbed'
import { readTreeCpuMicros } from '../processes.ts'
import { TICK_MICROS } from './processor.ts'

/** What is measured has the first processor to itself; what makes and takes the load, the second. */
export const CORES = { measured: '0', load: '1' }

/** Asked once: a process that has been pinned itself, counts one processor. */
const IS_PINNING = availableParallelism() > 1

/** A program on one processor. */
export interface Pinned {
  readonly url: string
  /** User and system time so far, with all processes that it started, in microseconds. */
  cpuMicros(): number
  /** What of that was spent in the kernel. */
  kernelMicros(): number
  /** Ends it, and resolves when it is gone. `SIGKILL` unless it is to tidy up. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** What to start where. */
export interface Program {
  readonly on: keyof typeof CORES
  readonly command: string
  readonly args: readonly string[]
  /** The URL, once it is up. */
  readonly whenUp: (output: string) => Promise<string | undefined> | string | undefined
}

/** Starts a program on its processor; resolves when it is up. @throws {Error} with its output, when it does not come up. */
export async function startPinned({ on, command, args, whenUp }: Program): Promise<Pinned> {
  const line = IS_PINNING ? ['taskset', '-c', CORES[on], command, ...args] : [command, ...args]
  const [first = command, ...rest] = line
  const server = new ServerProcess({ command: first, args: rest, env: { NODE_ENV: 'production' } })
  let url: string | undefined
  try {
    await server.ready(async () => (url = await whenUp(server.output)) !== undefined)
  } catch (error) {
    await server.stop('SIGKILL')
    throw error
  }
  const { pid } = server
  assertPlace(pid, on)
  return {
    url: url ?? '',
    cpuMicros: () => readTreeCpuMicros(pid),
    kernelMicros: () => readKernelMicros(pid),
    stop: (signal = 'SIGKILL') => server.stop(signal),
  }
}

/** Starts one of the servers of this benchmark, which print where they listen. */
export function startPeer(on: Program['on'], file: string, ...args: readonly string[]): Promise<Pinned> {
  const script = join(import.meta.dirname, '../servers', `${file}.js`)
  const whenUp: Program['whenUp'] = (output) => /listening on (\S+)/.exec(output)?.[1]
  return startPinned({ on, command: process.execPath, args: [script, ...args], whenUp })
}

/** @throws {Error} when a process is not where it is to be: then nothing would be measured but how it competes with the load. */
function assertPlace(pid: number, on: Program['on']): void {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (IS_PINNING && allowed !== CORES[on])
    throw new Error(`process ${pid} is to run on ${CORES[on]}, and may on ${allowed}`)
}

/** The URL, once it is answered: whatever the answer is, somebody gave it. */
export function urlIfUp(url: string): Promise<string | undefined> {
  return fetch(url).then(
    () => url,
    () => undefined,
  )
}

/** Leaves the processor of what is measured to it: this process makes the load. Comes last, as what it starts then inherits its place. */
export function keepToLoadProcessor(): void {
  if (IS_PINNING) execFileSync('taskset', ['-a', '-c', '-p', CORES.load, String(process.pid)], { stdio: 'ignore' })
}

/** Of a process and of its children (proc(5), field 15). */
function readKernelMicros(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  const ticks = [pid, ...children].map((each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1]?.split(' ')
    return Number(fields?.[12] ?? 0)
  })
  return ticks.reduce((sum, each) => sum + each, 0) * TICK_MICROS
}
