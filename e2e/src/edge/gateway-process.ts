import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePorts, ServerProcess } from '@counterfoil/testbed'
import { COMMAND, until } from '../harness.ts'

/** The key with which gateways of these tests follow the log. */
export const VERIFIER_KEY = 'the-key-of-the-gateway-in-these-tests'

/** What a gateway is to do. */
export interface GatewayPlan {
  /** Its files go there. */
  readonly folder: string
  readonly issuer: string
  /** Lines of TOML before the first table. */
  readonly settings?: string
  /** Tables of TOML: routes, limits, time-outs. */
  readonly tables: string
}

/** A real `counterfoil gateway` in a process of its own. */
export class GatewayProcess {
  readonly url: string
  /** Where operators look. */
  readonly operations: string
  readonly port: number
  readonly file: string
  readonly process: ServerProcess
  readonly #write: (plan: GatewayPlan) => void

  private constructor(plan: GatewayPlan, [port = 0, operationsPort = 0]: readonly number[]) {
    this.port = port
    this.url = `http://localhost:${port}`
    this.operations = `http://127.0.0.1:${operationsPort}`
    this.file = join(plan.folder, `gateway-${port}.toml`)
    this.#write = (next) => writeFileSync(this.file, configurationText(next, port, operationsPort))
    this.#write(plan)
    const args = [COMMAND, 'gateway', '--config', this.file]
    const env = { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'tell-live-memory.ts')}` }
    this.process = new ServerProcess({ command: process.execPath, args, cwd: plan.folder, env })
  }

  /** Starts one on free ports, and resolves when it listens and has its lease. */
  static async start(plan: GatewayPlan): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(plan, await findFreePorts(2))
    await gateway.process.ready(() => gateway.process.output.includes('Counterfoil gateway is ready'))
    await until(async () => ((await gateway.readiness()) === 200 ? true : undefined))
    return gateway
  }

  /** Writes another configuration, and has it read; the line that was logged about it. */
  async reload(plan: GatewayPlan): Promise<string> {
    this.#write(plan)
    return this.readAgain()
  }

  /** Has the configuration read again; the line that was logged about it. */
  async readAgain(): Promise<string> {
    const before = this.#reloads().length
    this.process.signal('SIGHUP')
    return until(() => Promise.resolve(this.#reloads()[before]))
  }

  /** The status of `/readyz`. */
  async readiness(): Promise<number> {
    const answer = await fetch(`${this.operations}/readyz`)
    await answer.text()
    return answer.status
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.operations}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    if (line === undefined) throw new Error(`there is no metric ${name} in:\n${text}`)
    return Number(line.slice(name.length))
  }

  /** How many requests and WebSockets are under way. */
  openRequests(): Promise<number> {
    return this.metric('counterfoil_gateway_open_requests')
  }

  /** How many bytes it keeps: what is left when all garbage has been collected, again and again until it is no less. */
  async liveBytes(): Promise<number> {
    for (let before = Infinity; ;) {
      const now = await this.#collect()
      if (now > before - 100_000) return now
      before = now
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop('SIGKILL')
  }

  /** Has garbage collected once; the bytes that were left. */
  async #collect(): Promise<number> {
    const told = (): string[] => this.process.output.match(/(?<=^live bytes: )\d+(?=\n)/gm) ?? []
    const before = told().length
    this.process.signal('SIGUSR2')
    return Number(await until(() => Promise.resolve(told()[before])))
  }

  /** Whole lines about a reload that have been logged so far. */
  #reloads(): readonly string[] {
    const lines = this.process.output.split('\n').slice(0, -1)
    return lines.filter((line) => /the configuration (?:was read again|stays as it was)/.test(line))
  }
}

/** The text of a gateway's configuration. */
export function configurationText(plan: GatewayPlan, port: number, operationsPort: number): string {
  return `
issuer = "${plan.issuer}"
listen = "127.0.0.1:${port}"
operations = "127.0.0.1:${operationsPort}"
verifier_key = "${VERIFIER_KEY}"
access_log = "off"
${plan.settings ?? ''}
${plan.tables}
`
}

/** A route as TOML. */
export function routeText(path: string, upstreams: readonly string[], more = ''): string {
  const list = upstreams.map((upstream) => `"${upstream}"`).join(', ')
  const name = path === '/' ? 'root' : path.slice(1).replaceAll('/', '.')
  return `[[routes]]\nname = "${name}"\npath = "${path}"\nupstreams = [${list}]\n${more}\n`
}
