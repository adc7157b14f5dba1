import type { OnStale } from '@counterfoil/verifier'
import type { Balancer } from './upstreams/balancer.ts'
import type { RoutePattern } from './routes/table.ts'

/** What a service learns about the caller. */
export type IdentityForm = 'headers' | 'access_token' | 'upstream_token'

/** A route as requests are handled by it. */
export interface Route extends RoutePattern {
  readonly isPublic: boolean
  /** One of these; empty: any. */
  readonly roles: readonly string[]
  readonly strategies: readonly string[]
  readonly audience: string | undefined
  readonly onStale: OnStale | undefined
  readonly maxAuthAgeSeconds: number | undefined
  readonly identity: IdentityForm
  readonly upstreamAudience: string | undefined
  /** Whether the gateway holds the tokens of a browser for it. */
  readonly isBrowser: boolean
  readonly balancer: Balancer
}

/** How much is taken, and how long is waited. */
export interface Limits {
  /** Of all headers of a request. Default 16,384. */
  readonly headerBytes: number
  /** Of the body of a request; 0: any. Default 0. */
  readonly bodyBytes: number
  /** Clients at once. Default 10,000. */
  readonly connections: number
}

/** In milliseconds. */
export interface Timeouts {
  /** Until a client has sent its headers. Default 10,000. */
  readonly headersMs: number
  /** Until an upstream has taken a connection. Default 2,000. */
  readonly connectMs: number
  /** Until an upstream has begun to answer. Default 30,000. */
  readonly responseMs: number
  /** Between two parts of a body, in either direction. Default 60,000. */
  readonly idleMs: number
}
