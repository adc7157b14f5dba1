import { accessSync, constants, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { callRedis, type RedisReply } from './redis-call.ts'
import { makeScratchFolder } from './scratch-folder.ts'
import { ServerProcess } from './server-process.ts'

/** Lines of a `redis.conf`, by name. */
export type RedisSettings = Readonly<Record<string, string>>

/**
 * Whether `redis-server` is on PATH. Says loudly when it is not, so that a skipped suite is seen. @throws {Error} when it is
 * not and `CI=true`: there nothing is skipped.
 */
export function hasRedis(): boolean {
  const isThere = (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, 'redis-server')))
  if (isThere) return true
  const message = 'redis-server is not on PATH (Debian: apt-get install redis-server)'
  if (process.env['CI'] === 'true') throw new Error(message)
  process.stderr.write(`SKIPPED: the tests on Redis. ${message}.\n`)
  return false
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const DEFAULTS: RedisSettings = {
  bind: '127.0.0.1',
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '""',
  'repl-diskless-sync-delay': '0',
  'repl-ping-replica-period': '1',
}

/** One `redis-server` with a folder of its own, which keeps its port and its data when it is started again. */
export class RedisServer {
  readonly port: number
  readonly #settings: RedisSettings
  readonly #mode: readonly string[]
  readonly #folder = makeScratchFolder('redis')
  #process: ServerProcess | undefined

  /** `mode` holds further arguments of the command line, such as `--sentinel`. */
  constructor(port: number, settings: RedisSettings = {}, mode: readonly string[] = []) {
    this.port = port
    this.#mode = mode
    this.#settings = mode.includes('--sentinel') ? settings : { ...DEFAULTS, ...settings }
    this.#writeSettings()
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Where the server keeps its files: `data` below it is its working folder. */
  get folder(): string {
    return this.#folder.path
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false
  }

  /** Resolves when the server answers, with its data loaded. */
  async start(): Promise<void> {
    const started = new ServerProcess({
      command: 'redis-server',
      args: [join(this.folder, 'redis.conf'), ...this.#mode],
      cwd: this.folder,
    })
    this.#process = started
    await started.ready(() =>
      this.call('PING').then(
        (reply) => reply === 'PONG',
        () => false,
      ),
    )
  }

  /** @throws {Error} with the server's words when it refuses, or is not there. */
  call(...words: readonly string[]): Promise<RedisReply> {
    return callRedis(this.port, ...words)
  }

  /** One number or text of `INFO`, or undefined. */
  async info(name: string): Promise<string | undefined> {
    const lines = String(await this.call('INFO', 'everything')).split('\r\n')
    return lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1)
  }

  /** Stops it in its tracks, connections open: SIGSTOP. */
  pause(): void {
    this.#process?.signal('SIGSTOP')
  }

  resume(): void {
    this.#process?.signal('SIGCONT')
  }

  /** Shuts it down in good order; what it holds is on disk then. */
  async stop(): Promise<void> {
    await this.#process?.stop('SIGTERM')
  }

  /** Kills it without a warning: SIGKILL. */
  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL')
  }

  /** Throws away its data, for a start with nothing. Only while it does not run. */
  wipe(): void {
    rmSync(join(this.folder, 'data'), { recursive: true, force: true })
    mkdirSync(join(this.folder, 'data'))
  }

  /** Kills it and removes its folder. */
  async close(): Promise<void> {
    await this.kill()
    this.#folder.remove()
  }

  #writeSettings(): void {
    const data = join(this.folder, 'data')
    mkdirSync(data, { recursive: true })
    const lines = Object.entries({ port: String(this.port), dir: data, ...this.#settings })
    // One name may stand there several times, for Sentinel: what follows a '#' tells them apart.
    writeFileSync(
      join(this.folder, 'redis.conf'),
      lines.map(([name, value]) => `${name.split('#')[0] ?? name} ${value}\n`).join(''),
    )
  }
}
