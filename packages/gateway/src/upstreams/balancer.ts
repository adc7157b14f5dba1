import type { Upstream } from './upstream.ts'

/** The upstreams of a route, each in turn. */
export class Balancer {
  readonly upstreams: readonly Upstream[]
  #turn = 0

  constructor(upstreams: readonly Upstream[]) {
    this.upstreams = upstreams
  }

  /** The next that is ready and was not tried; where none is ready, the next that was not tried. Undefined when all were. */
  next(tried: readonly Upstream[], now: number): Upstream | undefined {
    const { length } = this.upstreams
    let resting: Upstream | undefined
    for (let step = 0; step < length; step++) {
      const upstream = this.upstreams[this.#turn++ % length]
      if (upstream === undefined || tried.includes(upstream)) continue
      if (upstream.isReady(now)) return upstream
      resting ??= upstream
    }
    return resting
  }
}
