import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { findPostgresPrograms, POSTGRES_UID } from './postgres-binaries.ts'
import { makeScratchFolder } from './scratch-folder.ts'
import { ServerProcess } from './server-process.ts'

/** Lines of a `postgresql.conf`, by name. */
export type PostgresSettings = Readonly<Record<string, string>>

const USER = 'counterfoil'

const DEFAULTS: PostgresSettings = {
  listen_addresses: "'127.0.0.1'",
  max_connections: '200',
  wal_keep_size: "'512MB'",
  // A test that is stopped in the middle leaves no lock behind.
  tcp_keepalives_idle: '10',
}

/** What is around a server. */
export interface PostgresSurroundings {
  readonly environment?: Readonly<Record<string, string>>
  readonly mount?: (folder: string) => void
  /** Takes that disk away again, before the folder is removed. */
  readonly unmount?: (folder: string) => void
}

/** How a server is told to stop: its sessions are cut off, or it is gone as after a crash. */
export type PostgresStop = 'fast' | 'immediate'

/** One PostgreSQL with a folder of its own, which keeps its port and its data when it is started again. */
export class PostgresServer {
  readonly port: number
  readonly #folder = makeScratchFolder('postgres', POSTGRES_UID)
  readonly #environment: Readonly<Record<string, string>>
  readonly #unmount: ((folder: string) => void) | undefined
  #process: ServerProcess | undefined
  #databases = 0

  /** `environment` is what its processes see beside this one's; `mount` gives its folder a disk of its own before anything is written there. */
  constructor(
    port: number,
    settings: PostgresSettings = {},
    { environment = {}, mount, unmount }: PostgresSurroundings = {},
  ) {
    this.port = port
    this.#environment = environment
    this.#unmount = unmount
    mount?.(this.#folder.path)
    this.#makeData()
    this.configure({ ...DEFAULTS, ...settings })
  }

  /** The server's own folder, which holds its data. */
  get folder(): string {
    return this.#folder.path
  }

  /** Where the server keeps its data. */
  get data(): string {
    return join(this.#folder.path, 'data')
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error('the server has not been started')
    return this.#process.pid
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false
  }

  /** How to connect to one of its databases; the one that is there from the beginning unless given. */
  url(database = 'postgres'): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/${database}`
  }

  /** Sets lines of its `postgresql.conf`; they count from the next start, or from a reload. */
  configure(settings: PostgresSettings): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
    appendFileSync(join(this.data, 'postgresql.conf'), lines.join(''))
  }

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    const started = new ServerProcess({
      command: join(findPostgresPrograms(), 'postgres'),
      args: ['-D', this.data, '-p', String(this.port), '-k', this.#folder.path],
      uid: POSTGRES_UID,
      env: this.#environment,
      // It ends at once, and takes its children with it.
      orphanSignal: 'SIGQUIT',
    })
    this.#process = started
    await started.ready(() =>
      this.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    )
  }

  async stop(how: PostgresStop = 'fast'): Promise<void> {
    await this.#process?.stop(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
  }

  /** Kills the main process without a warning; its children notice and end. */
  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL')
  }

  /** A signal for the main process. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
  }

  /** Runs one statement on a connection of its own, and answers its rows. */
  async query(text: string, database?: string): Promise<Readonly<Record<string, unknown>>[]> {
    const client = new Client({ connectionString: this.url(database), connectionTimeoutMillis: 5000 })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Readonly<Record<string, unknown>>>(text)).rows
    } finally {
      await client.end()
    }
  }

  /** Makes an empty database, or a copy of one that nobody is connected to; its name. */
  async createDatabase(template = 'template0'): Promise<string> {
    const name = `db_${process.pid}_${++this.#databases}`
    await this.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    return name
  }

  /** Kills it and removes its folder. */
  async close(): Promise<void> {
    await this.kill()
    this.#unmount?.(this.#folder.path)
    this.#folder.remove()
  }

  /** Takes the place of its data by a copy of another server's, which must not run. */
  copyDataOf(other: PostgresServer): void {
    cpSync(other.data, this.data, { recursive: true, force: true })
    this.#giveAway()
  }

  /** Puts a file into its data. */
  put(name: string, content: string): void {
    writeFileSync(join(this.data, name), content)
    this.#giveAway()
  }

  #makeData(): void {
    const initdb = join(findPostgresPrograms(), 'initdb')
    const options = ['--username', USER, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync']
    const user = process.getuid?.() === 0 ? { uid: POSTGRES_UID, gid: POSTGRES_UID } : {}
    execFileSync(initdb, ['-D', this.data, ...options], { stdio: 'pipe', cwd: this.#folder.path, ...user })
  }

  /** What root has written belongs to the server's user. */
  #giveAway(): void {
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${POSTGRES_UID}:${POSTGRES_UID}`, this.data])
  }
}
