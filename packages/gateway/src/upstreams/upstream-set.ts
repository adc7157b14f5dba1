import type { PoolSettings } from '../connections/connection-pool.ts'
import { Upstream } from './upstream.ts'

/** The upstreams of all routes: one for each address, with its connections and what is known of it, however often options are read. */
export class UpstreamSet {
  readonly #upstreams = new Map<string, Upstream>()
  readonly #closing = new Set<Promise<unknown>>()

  /** @throws {TypeError} when the address is none. */
  take(address: string, settings: PoolSettings): Upstream {
    const key = `${address} ${JSON.stringify(settings)}`
    const upstream = this.#upstreams.get(key) ?? new Upstream(address, settings)
    this.#upstreams.set(key, upstream)
    return upstream
  }

  /** Lets go of all but these: what is under way comes to its end. */
  retire(used: ReadonlySet<Upstream>): void {
    for (const [key, upstream] of this.#upstreams) {
      if (used.has(upstream)) continue
      this.#upstreams.delete(key)
      const closing: Promise<unknown> = upstream.close().finally(() => this.#closing.delete(closing))
      this.#closing.add(closing)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.destroy()))
    await Promise.all(this.#closing)
  }
}
