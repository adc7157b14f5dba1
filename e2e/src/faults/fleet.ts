import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePorts, makeScratchFolder, TcpProxy } from '@counterfoil/testbed'
import { COMMAND } from '../harness.ts'
import { APPLICATIONS } from './device.ts'
import type { Surroundings } from './disks.ts'
import { VERIFIER_KEY } from './verifiers.ts'

/** One lease: short, so that a scenario need not last. */
export const LEASE_SECONDS = 2

const SECRET = 'a secret of the fault suite, of no use elsewhere'
/** Longer than any start takes on a busy machine. */
const PATIENCE_MS = 30_000

/** `setpriv` of util-linux lets a process end with its parent, however that ends. */
const SETPRIV = '/usr/bin/setpriv'
const WITH_ITS_PARENT = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig=KILL', '--'] : []

/** The stores of an installation, as its nodes reach them: each node may have a way of its own, which a fault can block. */
export interface Stores {
  readonly database: (node: number) => string
  readonly sessionStore: (node: number) => string
  readonly surroundings?: Surroundings
}

/** A node: a real server process, which can be killed, stopped and started again. */
export class FleetNode {
  readonly url: string
  readonly #folder = makeScratchFolder('fault-node')
  readonly #config: string
  readonly #unmount: Surroundings['unmount']
  #environment: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #output = ''

  constructor(index: number, port: number, issuer: string, stores: Stores) {
    const { environment = {}, mount, unmount } = stores.surroundings ?? {}
    this.url = `http://127.0.0.1:${port}`
    this.#environment = environment
    this.#unmount = unmount
    mount?.(this.folder)
    this.#config = join(this.#folder.path, 'counterfoil.toml')
    const lines = linesOf(index, port, issuer, stores, join(this.folder, 'data'))
    writeFileSync(this.#config, lines.join('\n'))
  }

  /** What the process sees beside its configuration, from its next start on. */
  set environment(environment: Readonly<Record<string, string>>) {
    this.#environment = environment
  }

  /** Everything of the node is below it. */
  get folder(): string {
    return this.#folder.path
  }

  /** Where an SQLite file of the node is. */
  get databaseFile(): string {
    return join(this.#folder.path, 'data', 'counterfoil.db')
  }

  get output(): string {
    return this.#output
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  launch(): void {
    const { PATH = '', HOME = '/' } = process.env
    const env = { PATH, HOME, ...this.#environment }
    const line = [...WITH_ITS_PARENT, process.execPath, COMMAND, 'serve', '--config', this.#config]
    const [program = process.execPath, ...rest] = line
    this.#child = spawn(program, rest, { env, cwd: this.#folder.path })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output = (this.#output + text).slice(-20_000)))
  }

  /** Resolves when it is ready to serve. */
  async start(): Promise<void> {
    this.launch()
    await this.ready()
  }

  async ready(): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS
    while (!(await this.#isReady())) {
      if (this.#child?.exitCode !== null) throw new Error(`a node ended:\n${this.#output}`)
      if (performance.now() > giveUpAt) throw new Error(`a node is not ready after ${PATIENCE_MS} ms:\n${this.#output}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async #isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
      ({ status }) => status === 200,
      () => false,
    )
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async ended(): Promise<number | null> {
    const child = this.#child
    if (child?.exitCode === null) await once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) })
    return child?.exitCode ?? null
  }

  async close(): Promise<void> {
    await this.kill()
    this.#unmount?.(this.folder)
    this.#folder.remove()
  }
}

/** The configuration of a node. */
function linesOf(index: number, port: number, issuer: string, stores: Stores, dataDir: string): string[] {
  return [
    `issuer = "${issuer}"`,
    `listen = "127.0.0.1:${port}"`,
    `data_dir = "${dataDir}"`,
    `database = "${stores.database(index)}"`,
    `session_store = "${stores.sessionStore(index)}"`,
    `secret = "${SECRET}"`,
    'log_level = "warn"',
    '[policy]',
    `lease_seconds = ${LEASE_SECONDS}`,
    'password_memory_kib = 7168',
    'password_passes = 1',
    'password_queue_length = 10000',
    ...['per_source', 'per_address', 'per_account'].map((what) => `sign_in_attempts_${what} = 10000`),
    'sign_ups_per_address = 1000000',
    ...Object.entries(APPLICATIONS).map(
      ([id, { strategy, transport }]) =>
        `[[applications]]\nid = "${id}"\nstrategy = "${strategy}"\ntransport = "${transport}"`,
    ),
    `[[verifiers]]\nname = "services"\nkey = "${VERIFIER_KEY}"`,
  ]
}

/** Nodes, and the balancer before them: the verifiers reach any node through it, as the issuer. */
export interface Fleet {
  readonly nodes: readonly FleetNode[]
  readonly front: TcpProxy
}

/** Makes nodes over the same stores, and starts them one after the other: the first makes the tables. */
export async function startFleet(count: number, stores: Stores): Promise<Fleet> {
  const ports = await findFreePorts(count)
  const front = await TcpProxy.open(...ports)
  const nodes = ports.map((port, index) => new FleetNode(index, port, issuerOf(front), stores))
  try {
    await nodes[0]?.start()
    await Promise.all(nodes.slice(1).map((node) => node.start()))
    return { nodes, front }
  } catch (error) {
    await Promise.all([front, ...nodes].map((each) => each.close()))
    throw error
  }
}

/** What the nodes are called by everybody else. */
export function issuerOf(front: TcpProxy): string {
  return `http://127.0.0.1:${front.port}`
}
