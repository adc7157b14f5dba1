import { ConnectionPool, type PoolSettings } from '../connections/connection-pool.ts'
import type { ServiceAddress } from '../connections/open-socket.ts'
import type { ServiceCall } from '../connections/service-call.ts'

/** After so many failures in a row an upstream is left alone for a while. */
const FAILURES = 3
const REST_MS = 10_000

/** One address of a service, and how it has done lately. */
export class Upstream {
  /** As it was configured. */
  readonly name: string
  /** How long an answer may take, with the time until there is a connection. */
  readonly patienceMs: number
  readonly #pool: ConnectionPool
  #failures = 0
  #failedInAll = 0
  #restsUntil = -Infinity

  /** @throws {TypeError} when the address is none. */
  constructor(address: string, settings: PoolSettings) {
    this.name = address
    this.patienceMs = settings.connectMs + settings.responseMs
    this.#pool = new ConnectionPool(readUpstreamAddress(address), settings)
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
    return this.#pool.isBusy
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

  send(call: ServiceCall): void {
    this.#pool.send(call)
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
function readUpstreamAddress(address: string): ServiceAddress {
  if (address.startsWith('unix:/')) return { path: address.slice('unix:'.length) }
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
  if (!isPlain || url.hash !== '' || url.username !== '' || url.password !== '')
    throw new TypeError('must be like "http://127.0.0.1:7600", or "unix:/run/orders.sock"')
  const isSecure = url.protocol === 'https:'
  const port = Number(url.port) || (isSecure ? 443 : 80)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, isSecure }
}
