import { createClient, type Channel, type Client, type Environment, type State } from '../index.ts'
import { memoryStorage } from '../environment.ts'
import { MODEL_API, MODEL_ISSUER, type CookieJar, type Fate, type ModelIssuer } from './model-issuer.fixture.ts'

/** Lets something happen, at a moment that the schedule picks. */
export type Happens = <Value>(what: Promise<Value>, name: string) => Promise<Value>

type Listener = (message: unknown) => void

/** A tab, and what its page has been told. */
export interface ModelTab {
  readonly client: Client
  readonly told: State[]
  /** The tab is looked at again. */
  readonly wake: () => void
}

/** A browser with tabs that share cookies, notes, locks and channels; whatever takes time takes as long as the schedule wants. */
export class ModelBrowser {
  readonly tabs: ModelTab[] = []
  readonly #issuer: ModelIssuer
  readonly #happens: Happens
  /** What becomes of the next requests; of those after them nothing bad. */
  readonly fates: Fate[] = []
  readonly jar: CookieJar = {}
  readonly #notes = memoryStorage()
  readonly #channels = new Set<Listener>()
  readonly #hasLocks: boolean
  /** How many requests are on their way. */
  inFlight = 0
  #now = 0
  #lock: Promise<unknown> = Promise.resolve()
  #holders = 0

  constructor(issuer: ModelIssuer, happens: Happens, hasLocks: boolean) {
    this.#issuer = issuer
    this.#happens = happens
    this.#hasLocks = hasLocks
  }

  open(): ModelTab {
    const wakes = new Set<() => void>()
    const client = createClient({
      issuer: MODEL_ISSUER,
      clientId: 'shop',
      origins: [MODEL_API],
      proof: 'off',
      environment: this.#environment(wakes),
    })
    const tab: ModelTab = { client, told: [], wake: () => wakes.forEach((listener) => listener()) }
    client.subscribe((state) => tab.told.push(state))
    this.tabs.push(tab)
    return tab
  }

  #environment(wakes: Set<() => void>): Partial<Environment> {
    return {
      fetch: (request) => {
        this.inFlight++
        return this.#fetch(request).finally(() => this.inFlight--)
      },
      wait: (ms) => this.#happens(Promise.resolve(), `${ms} ms pass`),
      locks: this.#hasLocks ? { request: this.#request.bind(this) as LockManager['request'] } : undefined,
      openChannel: () => this.#openChannel(),
      onWake: (listener) => {
        wakes.add(listener)
        return () => void wakes.delete(listener)
      },
      monotonicNow: () => this.#now,
      now: () => ++this.#now,
      notes: this.#notes,
    }
  }

  async #fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const fate = this.fates.shift() ?? 'answered'
    await this.#happens(Promise.resolve(), `${request.method} ${pathname} is sent: ${fate}`)
    if (fate === 'refused') throw new TypeError('fetch failed')
    if (fate === 'outage') return new Response('{"code":"unavailable"}', { status: 503 })
    if (fate === 'proxy page') return new Response('<h1>Sign in to this network</h1>', { status: 200 })
    const { response, arrive } = await this.#issuer.answer(request, this.jar)
    await this.#happens(Promise.resolve(), `${request.method} ${pathname} is answered with ${response.status}`)
    if (fate === 'lost') throw new TypeError('fetch failed')
    // Browsers keep the cookie of an answer whose body does not come to its end.
    arrive()
    if (fate === 'cut') return new Response((await response.text()).slice(0, 10), response)
    return response
  }

  #openChannel(): Channel {
    const own = new Set<Listener>()
    const sent = new Map<Listener, Promise<unknown>>()
    return {
      post: (message) => {
        const { says } = message as { readonly says: string }
        for (const listener of this.#channels)
          if (!own.has(listener)) {
            // One sender's messages arrive in their order.
            const before = sent.get(listener) ?? Promise.resolve()
            const arriving = before.then(() => this.#happens(Promise.resolve(), `a message arrives: ${says}`))
            sent.set(
              listener,
              arriving.then(() => this.#channels.has(listener) && listener(structuredClone(message))),
            )
          }
      },
      listen: (listener) => {
        own.add(listener)
        this.#channels.add(listener)
      },
      close: () => {
        for (const listener of own) this.#channels.delete(listener)
      },
    }
  }

  /** Web Locks, as far as the client uses them: one at a time, in the order in which they were asked for. */
  async #request(_: string, options: LockOptions, callback: LockGrantedCallback<unknown>): Promise<unknown> {
    await this.#happens(Promise.resolve(), 'a lock is asked for')
    if (options.ifAvailable === true && this.#holders > 0) return callback(null)
    this.#holders++
    const before = this.#lock
    const acting = (async () => {
      await before
      return callback({ name: 'lock', mode: 'exclusive' })
    })()
    this.#lock = acting.catch(() => undefined).finally(() => this.#holders--)
    return acting
  }
}
