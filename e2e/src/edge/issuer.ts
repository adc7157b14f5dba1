import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { begin, heldFrom, signIn, type Held } from '../client.ts'
import { QUICK, startServer, type RunningServer } from '../harness.ts'
import { VERIFIER_KEY } from './gateway-process.ts'

/** How long a lease lasts here. */
export const LEASE_MS = 2000

const CONFIGURATION = `
[policy]
lease_seconds = ${LEASE_MS / 1000}
[[verifiers]]
name = "gateway"
key = "${VERIFIER_KEY}"
`

const EMAIL = 'ada@example.com'

/** A real `counterfoil serve`, and somebody who has an account there. */
export class Issuer {
  readonly server: RunningServer
  /** Of a session that nobody ends. */
  readonly held: Held

  private constructor(server: RunningServer, held: Held) {
    this.server = server
    this.held = held
  }

  static async start(folder: string): Promise<Issuer> {
    writeFileSync(join(folder, 'issuer.toml'), CONFIGURATION)
    const server = await startServer({ folder, environment: QUICK }, ['--config', 'issuer.toml'])
    return new Issuer(server, await begin({ url: server.url, email: EMAIL }, 'hybrid'))
  }

  get url(): string {
    return this.server.url
  }

  /** The `Authorization` of who is signed in. */
  get authorization(): string {
    return `Bearer ${this.held.bearer}`
  }

  /** Signs in once more: a session of its own. */
  async signIn(strategy: 'hybrid' | 'stateful'): Promise<Held> {
    return heldFrom(await signIn({ url: this.url, email: EMAIL }, strategy))
  }

  /** Starts it again at the same address, after it was killed. */
  async startAgain(folder: string): Promise<Issuer> {
    const environment = { ...QUICK, COUNTERFOIL_LISTEN: `127.0.0.1:${this.server.port}` }
    return new Issuer(await startServer({ folder, environment }, ['--config', 'issuer.toml']), this.held)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.process.kill('SIGCONT')
    await this.server.stop('SIGKILL')
  }
}
