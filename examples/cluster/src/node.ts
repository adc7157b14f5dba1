import { join } from 'node:path'
import { ServerProcess } from '@counterfoil/testbed'

const COUNTERFOIL = join(import.meta.dirname, '../../../apps/counterfoil/bin/counterfoil.js')

/** One node of the cluster, which keeps its port when another process takes its place. */
export class Node {
  readonly port: number
  /** How long each start took until the node was ready, in milliseconds. */
  readonly startsMs: number[] = []
  readonly #configuration: string
  #process: ServerProcess | undefined
  #isReady = false

  constructor(port: number, configuration: string) {
    this.port = port
    this.#configuration = configuration
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#process?.output ?? ''
  }

  /** Starts a process, and resolves when it is ready. */
  async start(): Promise<void> {
    const begunAt = performance.now()
    this.#process = new ServerProcess({
      command: process.execPath,
      args: [COUNTERFOIL, 'serve', '--config', this.#configuration],
      // What one start has compiled, the next one need not.
      env: { COUNTERFOIL_LISTEN: `127.0.0.1:${this.port}`, NODE_COMPILE_CACHE: `${this.#configuration}.cache` },
    })
    await this.#process.ready(() => isReady(this.port))
    this.startsMs.push(performance.now() - begunAt)
    this.#isReady = true
  }

  /** Ends it at once, in the middle of whatever it does. */
  async kill(): Promise<void> {
    this.#isReady = false
    await this.#process?.stop('SIGKILL')
  }

  /** Asks it to stop, and resolves when it has. */
  async stop(): Promise<void> {
    this.#isReady = false
    await this.#process?.stop('SIGTERM')
  }
}

function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
}
