import {
  createClient,
  type Client,
  type ClientOptions,
  type Environment,
  type ProofKey,
  type Storage,
} from '@counterfoil/client'

/** What becomes of the requests of a device, beside being sent. */
export type Network = 'up' | 'down' | 'out of order'

/** A device without a browser: what it stores, its cookies, its key, its clocks, its network. A program on it can be started again and again. */
export class Device {
  network: Network = 'up'
  /** How far its clocks are ahead. Milliseconds. */
  aheadMs = 0
  /** How far that of the wall is wrong. Milliseconds. */
  wrongMs = 0
  /** What was sent, such as `POST /oauth/token`. */
  readonly sent: string[] = []
  /** How long it was to wait, each time. Milliseconds; none of it takes longer than a moment. */
  readonly waited: number[] = []
  readonly stored = new Map<string, string>()
  readonly #id = crypto.randomUUID()
  readonly #cookies = new Map<string, string>()
  readonly #notes = new Map<string, string>()
  readonly #keys = new Map<string, ProofKey>()
  readonly #wakes = new Set<() => void>()

  /** Starts a program that uses the client. */
  start(options: Pick<ClientOptions, 'issuer' | 'clientId' | 'origins' | 'proof' | 'storage'>): Client {
    return createClient({ storage: keep(this.stored), ...options, environment: this.#environment() })
  }

  /** What is noted in the open. */
  get noted(): readonly string[] {
    return [...this.#notes.values()]
  }

  wake(): void {
    for (const listener of this.#wakes) listener()
  }

  #environment(): Partial<Environment> {
    return {
      fetch: (request) => this.#fetch(request),
      now: () => Date.now() + this.aheadMs + this.wrongMs,
      monotonicNow: () => performance.now() + this.aheadMs,
      wait: (ms) => {
        this.waited.push(ms)
        return new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20)))
      },
      locks: { request: this.#request.bind(this) as LockManager['request'] },
      openKey: (name, make) => this.#openKey(name, make),
      onWake: (listener) => {
        this.#wakes.add(listener)
        return () => void this.#wakes.delete(listener)
      },
      notes: keep(this.#notes),
    }
  }

  /** Programs of this device alone wait for one another. */
  #request(name: string, options: LockOptions, callback: LockGrantedCallback<unknown>): Promise<unknown> {
    return navigator.locks.request(`${this.#id} ${name}`, options, callback)
  }

  async #fetch(request: Request): Promise<Response> {
    this.sent.push(`${request.method} ${new URL(request.url).pathname}`)
    if (this.network === 'down') throw new TypeError('fetch failed')
    if (this.network === 'out of order') return Response.json({ code: 'unavailable' }, { status: 503 })
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
    if (request.credentials === 'include' && cookie !== '') this.#sendCookies(request, cookie)
    const response = await fetch(request)
    for (const line of response.headers.getSetCookie()) this.#keepCookie(line)
    return response
  }

  /** As the issuer's own pages would. */
  #sendCookies({ headers, url }: Request, cookie: string): void {
    headers.set('cookie', cookie)
    headers.set('origin', new URL(url).origin)
  }

  #keepCookie(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/max-age=0\b/i.test(line)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }

  async #openKey(name: string, make: boolean): Promise<ProofKey | undefined> {
    const known = this.#keys.get(name)
    if (known !== undefined || !make) return known
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
    const { kty = '', crv = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', publicKey)
    const key: ProofKey = {
      sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, bytes)),
      publicJwk: { kty, crv, x, y },
    }
    this.#keys.set(name, key)
    return key
  }

  loseKeys(): void {
    this.#keys.clear()
  }
}

function keep(values: Map<string, string>): Storage & Environment['notes'] {
  return {
    get: (name) => values.get(name),
    set: (name, value) => void values.set(name, value),
    remove: (name) => void values.delete(name),
  }
}
