import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROUTES } from '@counterfoil/protocol'
import type { JwkSet } from '@counterfoil/verifier'
import { findFreePort } from '../ports.ts'
import { monotonicMs, pause } from './monotonic.ts'

const COMMAND = join(import.meta.dirname, '../../../apps/counterfoil/bin/counterfoil.js')
const CREDENTIALS = { email: 'ada@example.com', password: 'correct horse battery' }
const VERIFIER_KEY = 'key-of-the-verifiers-of-one-benchmark'
const START_TRIES = 1000

/** A revocation as its caller saw it. Instants in milliseconds of the shared monotonic clock. */
export interface Revoked {
  /** Before the request was sent: it cannot have committed earlier. */
  readonly sentAt: number
  /** When the answer was there: it cannot have committed later. */
  readonly returnedAt: number
}

/** `counterfoil serve` in the embedded profile, as users start it, in a folder of its own. */
export class Installation {
  readonly port: number
  readonly url: string
  readonly verifierKey = VERIFIER_KEY
  readonly #folder: string
  #server: ChildProcess

  private constructor(folder: string, port: number) {
    this.port = port
    this.url = `http://localhost:${port}`
    this.#folder = folder
    this.#server = serve(folder)
  }

  /** Starts it in an empty folder. Passwords are hashed cheaply: they are not what is measured. */
  static async start(leaseSeconds: number): Promise<Installation> {
    const folder = mkdtempSync(join(tmpdir(), 'counterfoil-revocation-'))
    const port = await findFreePort()
    const settings = [
      `listen = "127.0.0.1:${port}"`,
      `data_dir = "${join(folder, 'data')}"`,
      'log_level = "warn"',
      '[policy]',
      `lease_seconds = ${leaseSeconds}`,
      'password_memory_kib = 7168',
      'password_passes = 1',
      'password_queue_length = 10000',
      '[[verifiers]]',
      'name = "fleet"',
      `key = "${VERIFIER_KEY}"`,
    ]
    writeFileSync(join(folder, 'counterfoil.toml'), settings.join('\n'))
    const installation = new Installation(folder, port)
    await installation.#untilUp()
    await installation.#post(ROUTES.accounts, CREDENTIALS)
    return installation
  }

  get database(): string {
    return join(this.#folder, 'data', 'counterfoil.db')
  }

  async keys(): Promise<JwkSet> {
    const response = await fetch(this.url + ROUTES.jwks)
    return (await response.json()) as JwkSet
  }

  /** The access token of a new session. */
  async signIn(): Promise<string> {
    const { access_token: token } = await this.#post(ROUTES.sessions, { client_id: 'hybrid', ...CREDENTIALS })
    if (typeof token !== 'string') throw new Error('a sign-in brought no access token')
    return token
  }

  /** Ends the session of an access token. */
  async revoke(token: string, wait?: 'everywhere'): Promise<Revoked> {
    const url = this.url + ROUTES.currentSession + (wait === undefined ? '' : `?wait=${wait}`)
    const sentAt = monotonicMs()
    const response = await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
    const text = await response.text()
    const returnedAt = monotonicMs()
    if (response.status !== 200) throw new Error(`a revocation was answered with ${response.status}: ${text}`)
    return { sentAt, returnedAt }
  }

  signal(name: NodeJS.Signals): void {
    this.#server.kill(name)
  }

  /** Kills the server without a warning, and starts it anew; resolves when it answers. */
  async killAndRestart(): Promise<void> {
    await this.#kill()
    this.#server = serve(this.#folder)
    await this.#untilUp()
  }

  async stop(): Promise<void> {
    await this.#kill()
    rmSync(this.#folder, { recursive: true })
  }

  async #kill(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return
    const gone = once(this.#server, 'exit')
    this.#server.kill('SIGKILL')
    await gone
  }

  async #untilUp(): Promise<void> {
    for (let tries = 0; tries < START_TRIES && this.#server.exitCode === null; tries++) {
      const isUp = await fetch(this.url + ROUTES.readyz).then(
        async (response) => {
          await response.body?.cancel()
          return response.ok
        },
        () => false,
      )
      if (isUp) return
      await pause(10)
    }
    throw new Error(`${this.url} did not come up`)
  }

  async #post(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${text}`)
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  }
}

function serve(folder: string): ChildProcess {
  const env = { ...process.env, NODE_ENV: 'production' }
  return spawn(process.execPath, [COMMAND, 'serve', '--config', join(folder, 'counterfoil.toml')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  })
}
