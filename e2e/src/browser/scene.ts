import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext } from 'playwright-core'
import { freePort, makeFolder, QUICK, startServer, type RunningServer } from '../harness.ts'
import { makeCertificate } from '../edge/certificate.ts'
import { bundle } from './bundle.ts'
import { openChromium, type ChromiumOptions } from './chromium.ts'
import { FaultProxy } from './fault-proxy.ts'
import { PageServer } from './page-server.ts'
import { Tab, type TabOptions } from './tab.ts'

const ENTRY = fileURLToPath(new URL('../../src/browser/page/entry.ts', import.meta.url))

/** Two strategies in which a cookie buys tokens, and one in which it is the credential. Applications are called after them. */
export const STRATEGIES = ['hybrid', 'stateless', 'stateful'] as const
export type Strategy = (typeof STRATEGIES)[number]

/** What differs from the defaults. */
export interface SceneOptions extends ChromiumOptions {
  /** Lines under `[policy]`. */
  readonly policy?: Readonly<Record<string, number>>
  /** The module of the pages. Default: a client, for tests to use. */
  readonly entry?: string
  /** Whether everything is https, and each party has a host of its own below one domain. Default: http on `localhost`, where parties differ by port. */
  readonly secure?: boolean
}

/** The names of parties that have a host of their own, all on this machine. */
export const HOSTS = { issuer: 'auth.shop.test', pages: 'app.shop.test', sibling: 'blog.shop.test' } as const

/** A real issuer behind a proxy that can lose things, pages of another origin, and a browser. */
export class Scene {
  readonly browser: Browser
  readonly proxy: FaultProxy
  readonly pages: PageServer
  /** Where clients find the issuer: the proxy. */
  readonly issuer: string
  readonly #folder: ReturnType<typeof makeFolder>
  readonly #port: number
  #server: RunningServer
  #accounts = 0

  private constructor(parts: {
    readonly browser: Browser
    readonly proxy: FaultProxy
    readonly pages: PageServer
    readonly issuer: string
    readonly folder: ReturnType<typeof makeFolder>
    readonly server: RunningServer
  }) {
    this.browser = parts.browser
    this.proxy = parts.proxy
    this.pages = parts.pages
    this.issuer = parts.issuer
    this.#folder = parts.folder
    this.#server = parts.server
    this.#port = parts.server.port
  }

  static async open(options: SceneOptions = {}): Promise<Scene> {
    const folder = makeFolder()
    const certificate = options.secure === true ? makeCertificate(folder.path) : undefined
    const script = await bundle(options.entry ?? ENTRY)
    const [proxy, pages] = [await FaultProxy.open(certificate), await PageServer.open(script, certificate)]
    const issuer = certificate ? `https://${HOSTS.issuer}:${proxy.port}` : `http://localhost:${proxy.port}`
    writeFileSync(join(folder.path, 'counterfoil.toml'), describeIssuer(issuer, pages, options))
    const server = await serve(folder.path, await freePort())
    proxy.leadTo(server.port)
    const args = ['--host-resolver-rules=MAP *.test 127.0.0.1', ...(options.args ?? [])]
    return new Scene({ browser: await openChromium({ ...options, args }), proxy, pages, issuer, folder, server })
  }

  get databaseFile(): string {
    return join(this.#folder.path, 'data/counterfoil.db')
  }

  /** Somebody's browser, with nothing in it. */
  newUser(): Promise<BrowserContext> {
    return this.browser.newContext({ ignoreHTTPSErrors: true })
  }

  /** A page of the application's origin with a client in it. */
  openTab(context: BrowserContext, options: TabOptions = {}): Promise<Tab> {
    return Tab.open(context, this.pages.origin(), { issuer: this.issuer, ...options })
  }

  /** The same of somebody who has just made an account, and is signed in. */
  async openSignedIn(context: BrowserContext, options: TabOptions = {}): Promise<Tab> {
    const tab = await this.openTab(context, options)
    await tab.begin(`user-${++this.#accounts}@example.com`)
    await tab.reaches('signed-in')
    return tab
  }

  /** Ends the issuer's process. */
  async stopIssuer(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server.stop(signal)
  }

  /** Starts the issuer again where it was, unless it runs. */
  async startIssuer(): Promise<void> {
    if (this.#server.process.exitCode === null && this.#server.process.signalCode === null) return
    this.#server = await serve(this.#folder.path, this.#port)
  }

  async close(): Promise<void> {
    await this.browser.close()
    await this.proxy.close()
    await this.pages.close()
    await this.#server.stop('SIGKILL')
    this.#folder[Symbol.dispose]()
  }
}

function serve(folder: string, port: number): Promise<RunningServer> {
  const environment = { ...QUICK, COUNTERFOIL_LISTEN: `127.0.0.1:${port}` }
  return startServer({ folder, environment }, ['--config', 'counterfoil.toml'])
}

/** The applications hold their credentials in cookies. `embedded` is one whose pages are of another site than the issuer. */
function describeIssuer(issuer: string, pages: PageServer, { policy = {}, secure = false }: SceneOptions): string {
  const [listed, foreign] = secure ? [HOSTS.pages, 'app.other.test'] : ['localhost', '127.0.0.1']
  const lines = (table: Readonly<Record<string, string | number>>): string =>
    Object.entries(table)
      .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
      .join('')
  const application = (id: string, strategy: Strategy, origin: string): string =>
    `[[applications]]\n${lines({ id, strategy, transport: 'cookie' })}origins = ["${origin}"]\n`
  return [
    lines({ issuer }),
    `[policy]\n${lines(policy)}`,
    ...STRATEGIES.map((strategy) => application(strategy, strategy, pages.origin(listed))),
    ...STRATEGIES.map((strategy) => application(`embedded-${strategy}`, strategy, pages.origin(foreign))),
  ].join('\n')
}
