import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** What to start. */
export interface ProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv | undefined
  readonly cwd?: string | undefined
  /** The user to run as when this process is root, for servers that refuse to be root. */
  readonly uid?: number | undefined
  /** What the process gets when the one that started it dies. Default `SIGKILL`. */
  readonly orphanSignal?: NodeJS.Signals | undefined
}

/** Kept of what a process prints: the end, for messages. */
const KEPT_OUTPUT = 20_000

/** `setpriv` of util-linux lets a process end with its parent, however that ends. */
const SETPRIV = '/usr/bin/setpriv'

/** A real server in a process of its own, which does not outlive this one. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #name: string
  #output = ''

  constructor({ command, args, env, cwd, uid, orphanSignal = 'SIGKILL' }: ProcessOptions) {
    this.#name = command.split('/').at(-1) ?? command
    const isRoot = process.getuid?.() === 0
    const user = uid !== undefined && isRoot ? [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] : []
    const line = existsSync(SETPRIV)
      ? [SETPRIV, ...user, `--pdeathsig=${orphanSignal.slice(3)}`, '--', command, ...args]
      : [command, ...args]
    const [program = command, ...rest] = line
    this.#child = spawn(program, rest, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT)
      })
    }
    this.#child.on('error', (error) => (this.#output += String(error)))
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start: ${this.#output}`)
    return this.#child.pid
  }

  /** The end of what it has printed so far. */
  get output(): string {
    return this.#output
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when `isReady` says so. @throws {Error} with the end of the output, when the process ends before or 30 s have passed. */
  async ready(isReady: () => Promise<boolean> | boolean): Promise<void> {
    const giveUpAt = performance.now() + 30_000
    while (!(await isReady())) {
      if (!this.isRunning) throw new Error(`${this.#name} ended before it was ready:\n${this.#output}`)
      if (performance.now() > giveUpAt) throw new Error(`${this.#name} is not ready after 30 s:\n${this.#output}`)
      await sleep(20)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal, and resolves when the process has ended. Wakes it first if it was stopped, unless it is to be killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    if (signal !== 'SIGKILL') this.#child.kill('SIGCONT')
    await ended
  }
}
