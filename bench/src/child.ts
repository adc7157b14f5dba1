import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { readTreeCpuMicros } from './processes.ts'

/** A server under test, in a process of its own and on a processor of its own where there are two. */
export interface Child {
  readonly url: string
  /** User and system time so far, with all processes that it started, in microseconds. */
  cpuMicros(): number
  stop(): Promise<void>
}

/** Starts a program on the first processor, unless `isPinned` is false; it is up once it prints a line with `listening on URL`, or once `url` answers. */
export async function startChild(
  args: readonly string[],
  options: {
    readonly url?: string
    readonly env?: Readonly<Record<string, string>>
    readonly cwd?: string
    readonly isPinned?: boolean
  } = {},
): Promise<Child> {
  const isPinned = (options.isPinned ?? true) && availableParallelism() > 1
  const pinned = isPinned ? ['taskset', '-c', '0', process.execPath] : [process.execPath]
  const [command = '', ...before] = pinned
  const child = spawn(command, [...before, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  const url = await untilUp(child, options.url)
  const { pid } = child
  if (pid === undefined) throw new Error(`${args.join(' ')} did not start`)
  return { url, cpuMicros: () => readTreeCpuMicros(pid), stop: () => stop(child) }
}

async function untilUp(child: ChildProcess, url: string | undefined): Promise<string> {
  if (url === undefined) return untilSaid(child)
  child.stdout?.resume()
  for (let tries = 0; tries < 400; tries++) {
    const up = await fetch(url).then(
      (response) => response.status < 500,
      () => false,
    )
    if (up) return url
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`${url} did not come up`)
}

/** The URL in the line that says where a server listens. What it prints later is read and dropped, so that it can go on printing. */
function untilSaid(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const found = /listening on (\S+)/.exec(chunk.toString())?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error('a server ended before it was up')))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
