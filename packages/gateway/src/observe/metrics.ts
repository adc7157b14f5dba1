import type { VerifierStatus } from '@counterfoil/verifier'
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

/** What is counted of one request. Times are milliseconds of a clock that never goes back. */
export interface Measured {
  /** The route's name, or why there is none. */
  readonly route: string
  readonly status: number
  readonly beganAt: number
  readonly decidedAt: number | undefined
  readonly answeredAt: number | undefined
  readonly endedAt: number
  readonly upstream: string | undefined
  readonly tries: number
}

/** An upstream, as it is watched. */
export interface WatchedUpstream {
  readonly name: string
  readonly failures: number
  isReady(now: number): boolean
}

type Following = Exclude<VerifierStatus['feed'], 'none'>

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What operators watch, as Prometheus reads it. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = this.#counter('requests_total', 'Requests, by route and status', ['route', 'status'])
  readonly #retries = this.#counter('upstream_retries_total', 'Requests sent once more, by upstream', ['upstream'])
  readonly #phases = new Histogram({
    name: 'counterfoil_gateway_phase_seconds',
    help: 'Time until it was decided, until the upstream answered, and until all was passed on',
    labelNames: ['phase'],
    buckets: SECONDS,
    registers: [this.#registry],
  })
  readonly #open = new Gauge({
    name: 'counterfoil_gateway_open_requests',
    help: 'Requests and WebSockets under way',
    registers: [this.#registry],
  })
  // Labels are looked up once: most of what a request costs here would be that.
  readonly #byRoute = new Map<string, Counter.Internal>()
  readonly #decide = this.#phases.labels('decide')
  readonly #upstream = this.#phases.labels('upstream')
  readonly #transfer = this.#phases.labels('transfer')

  constructor(status: () => VerifierStatus, upstreams: () => Iterable<WatchedUpstream>) {
    this.#watch(status)
    this.#watchUpstreams(upstreams)
  }

  began(): void {
    this.#open.inc()
  }

  ended({ route, status, beganAt, decidedAt, answeredAt, endedAt, upstream, tries }: Measured): void {
    this.#open.dec()
    const name = `${status} ${route}`
    let count = this.#byRoute.get(name)
    if (count === undefined) this.#byRoute.set(name, (count = this.#requests.labels(route, String(status))))
    count.inc()
    if (decidedAt !== undefined) this.#decide.observe((decidedAt - beganAt) / 1000)
    if (decidedAt !== undefined && answeredAt !== undefined) {
      this.#upstream.observe((answeredAt - decidedAt) / 1000)
      this.#transfer.observe((endedAt - answeredAt) / 1000)
    }
    if (tries > 1 && upstream !== undefined) this.#retries.labels(upstream).inc(tries - 1)
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #watchUpstreams(upstreams: () => Iterable<WatchedUpstream>): void {
    this.#gauge('upstream_failures', 'How often it could not be reached, or broke off', ['upstream'], (gauge) => {
      gauge.reset()
      for (const { name, failures } of upstreams()) gauge.set({ upstream: name }, failures)
    })
    this.#gauge(
      'upstream_ready',
      'Whether requests are sent there: 0 while it is left alone',
      ['upstream'],
      (gauge) => {
        gauge.reset()
        for (const upstream of upstreams())
          gauge.set({ upstream: upstream.name }, upstream.isReady(performance.now()) ? 1 : 0)
      },
    )
  }

  /** Decisions, and how the verifier stands with the log. */
  #watch(status: () => VerifierStatus): void {
    this.#gauge('decisions', 'Decisions about credentials since the start, by outcome', ['outcome'], (gauge) => {
      const { accepted, refused, unknown } = status().decisions
      gauge.set({ outcome: 'accepted' }, accepted)
      gauge.set({ outcome: 'unknown' }, unknown)
      for (const [reason, count] of Object.entries(refused)) gauge.set({ outcome: reason }, count)
    })
    const feed = (name: string, help: string, read: (feed: Following) => number | undefined): void =>
      this.#gauge(name, help, [], (gauge) => {
        const { feed: standing } = status()
        const value = standing === 'none' ? undefined : read(standing)
        if (value !== undefined) gauge.set(value)
      })
    feed('lease_age_seconds', 'How long ago the present lease was asked for', ({ leaseAgeMs }) => seconds(leaseAgeMs))
    feed('lag_seconds', 'How long after its commit the last revocation was known here', ({ lagMs }) =>
      seconds(lagMs.last),
    )
    feed('position', 'How far the log of revocations is known', ({ position }) => position)
  }

  /** One whose value is read when somebody looks. */
  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    read: (gauge: Gauge<Label>) => void,
  ): void {
    const gauge: Gauge<Label> = new Gauge<Label>({
      name: `counterfoil_gateway_${name}`,
      help,
      labelNames,
      registers: [],
      collect: () => read(gauge),
    })
    this.#registry.registerMetric(gauge)
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `counterfoil_gateway_${name}`, help, labelNames, registers: [this.#registry] })
  }
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}
