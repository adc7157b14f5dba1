import type { createClient } from '@counterfoil/client'
import type { BrowserContext, JSHandle, Page } from 'playwright-core'

export type Client = ReturnType<typeof createClient>

/** A state that the client of a tab has told, and when: epoch milliseconds. */
export interface Told {
  readonly state: { readonly status: string; readonly reason?: string; readonly because?: string }
  readonly at: number
}

/** With what client a tab begins. */
export interface TabOptions {
  /** Default: hybrid. */
  readonly clientId?: string
  /** Whether tokens are bound to a key of the browser. Default `off`. */
  readonly proof?: 'auto' | 'off'
  /** Whether a client that could not find out who is signed in asks again after a while. Default `true`; else it waits to be woken. */
  readonly asksAgain?: boolean
  /** What its browser does not have. Default: nothing. */
  readonly lacks?: readonly Lacking[]
}

/** Interfaces that a client can do without. */
export type Lacking = 'BroadcastChannel' | 'locks'

export const PASSWORD = 'eleven kites above the hill'

/** A page with a client in it. */
export class Tab {
  readonly page: Page
  #client: JSHandle<Client> | undefined

  private constructor(page: Page) {
    this.page = page
  }

  static async open(
    context: BrowserContext,
    origin: string,
    options: TabOptions & { readonly issuer: string },
  ): Promise<Tab> {
    const { issuer, clientId = 'hybrid', proof = 'off', asksAgain = true, lacks = [] } = options
    const page = await context.newPage()
    await page.addInitScript(takeAway, lacks)
    const wanted = { issuer, client_id: clientId, proof, asks_again: String(asksAgain) }
    await page.goto(`${origin}/?${new URLSearchParams(wanted).toString()}`)
    return new Tab(page)
  }

  /** Lets the client of the page do something; what comes of it must be JSON. */
  async use<Given, Result>(act: (auth: Client, given: Given) => Result | Promise<Result>, given: Given): Promise<Result>
  async use<Result>(act: (auth: Client) => Result | Promise<Result>): Promise<Result>
  async use<Result>(act: (auth: Client, given: unknown) => Result | Promise<Result>, given?: unknown): Promise<Result> {
    this.#client ??= await this.page.evaluateHandle<Client>('auth')
    // Playwright's types cannot follow a function that is handed on.
    return (await this.#client.evaluate(act as never, given)) as Result
  }

  async reload(): Promise<void> {
    this.#client = undefined
    await this.page.reload()
  }

  /** Makes an account, and signs it in. */
  begin(email: string): Promise<void> {
    return this.use(
      async (auth, { email, password }) => {
        await auth.signUp({ email, password })
        await auth.signIn({ email, password })
      },
      { email, password: PASSWORD },
    )
  }

  /** Every state so far, the present one last. */
  told(): Promise<readonly Told[]> {
    return this.page.evaluate<readonly Told[]>('told')
  }

  /** The statuses of these. */
  async statuses(): Promise<readonly string[]> {
    return (await this.told()).map(({ state }) => state.status)
  }

  async status(): Promise<string> {
    return (await this.statuses()).at(-1) ?? 'none'
  }

  /** Resolves when the present state has this status; the state, and when it was told. */
  async reaches(status: string): Promise<Told> {
    await this.page.waitForFunction(`told.at(-1).state.status === '${status}'`, undefined, { timeout: 10_000 })
    const last = (await this.told()).at(-1)
    if (last === undefined) throw new Error('the client has told nothing')
    return last
  }

  /** Whether it has ever been told that its session was gone, once there was one. */
  async wasSignedOut(): Promise<boolean> {
    const statuses = await this.statuses()
    const begun = statuses.indexOf('signed-in')
    return begun >= 0 && statuses.includes('signed-out', begun)
  }
}

function takeAway(names: readonly Lacking[]): void {
  const places = { BroadcastChannel: globalThis, locks: Navigator.prototype }
  for (const name of names) Object.defineProperty(places[name], name, { value: undefined })
}
