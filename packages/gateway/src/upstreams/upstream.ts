import { Pool, type Dispatcher } from 'undici'

/** How an upstream is reached. */
export interface UpstreamSettings {
  readonly connectMs: number
  readonly responseMs: number
  readonly idleMs: number
  /** How many connections there may be at most. */
  readonly connections: number
}

/** After so many failures in a row an upstream is left alone for a while. */
const FAILURES = 3
const REST_MS = 10_000

/** One address of a service, and how it has done lately. */
export class Upstream {
  /** As it was configured. */
  readonly name: string
  /** How long an answer may take, with the time until there is a connection. */
  readonly patienceMs: number
  readonly #pool: Pool
  readonly #connections: number
  #failures = 0
  #failedInAll = 0
  #restsUntil = -Infinity

  /** @throws {TypeError} when the address is none. */
  constructor(address: string, { connectMs, responseMs, idleMs, connections }: UpstreamSettings) {
    const { origin, socketPath } = readUpstreamAddress(address)
    this.name = address
    this.patienceMs = connectMs + responseMs
    this.#connections = connections
    this.#pool = new Pool(origin, {
      ...(socketPath !== undefined && { socketPath }),
      connections,
      pipelining: 1,
      connect: { timeout: connectMs, ...(socketPath !== undefined && { socketPath }) },
      headersTimeout: responseMs,
      bodyTimeout: idleMs,
      keepAliveTimeout: 4000,
      keepAliveMaxTimeout: 60_000,
    })
  }

  /** Whether requests should go there; `now` never goes back. */
  isReady(now: number): boolean {
    return now >= this.#restsUntil
  }

  /** How often it could not be reached, or broke off before it answered. */
  get failures(): number {
    return this.#failedInAll
  }

  /** Whether a request would have to wait for another to be over. */
  get isBusy(): boolean {
    return this.#pool.stats.size >= this.#connections
  }

  /** Notes that it answered. */
  succeeded(): void {
    this.#failures = 0
    this.#restsUntil = -Infinity
  }

  /** Notes that it could not be reached. */
  failed(now: number): void {
    this.#failures++
    this.#failedInAll++
    if (this.#failures >= FAILURES) this.#restsUntil = now + REST_MS
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(options, handler)
  }

  /** Lets what is under way come to its end, and no more. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  destroy(): Promise<void> {
    return this.#pool.destroy()
  }
}

/** `http://host:port`, `https://host:port` or `unix:/path`. @throws {TypeError} */
function readUpstreamAddress(address: string): { readonly origin: string; readonly socketPath?: string } {
  if (address.startsWith('unix:/')) return { origin: 'http://localhost', socketPath: address.slice('unix:'.length) }
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
  if (!isPlain || url.hash !== '' || url.username !== '' || url.password !== '')
    throw new TypeError('must be like "http://127.0.0.1:7600", or "unix:/run/orders.sock"')
  return { origin: url.origin }
}
