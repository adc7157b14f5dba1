import type { JwkSet } from '@counterfoil/verifier'
import type { Question, Sighting, Verdict } from './journal.ts'

/** What the controller may tell a worker to do, and with what. */
export interface Orders {
  /** Make verifiers that follow the log; resolves when each holds a lease and its push channel is open. */
  readonly open: {
    readonly count: number
    readonly issuer: string
    readonly keys: JwkSet
    readonly key: string
    /** The port of a proxy through which the issuer is to be reached. */
    readonly proxyPort: number | undefined
  }
  /** Probe a token from now on; resolves when every verifier has accepted it. */
  readonly watch: { readonly name: string; readonly token: string }
  /** Wait until every verifier's latest verdict is this; whether that came in time. */
  readonly settle: { readonly name: string; readonly verdict: Verdict; readonly withinMs: number }
  /** Stop probing a token, and tell what was seen of it. */
  readonly report: { readonly name: string; readonly question: Question }
  /** Keep the event loop busy, and probe before anything else gets a turn. */
  readonly block: { readonly forMs: number }
  /** Wait until each verifier has applied so many records more. */
  readonly expectRecords: { readonly count: number }
  /** Subscribe to a channel of Redis, on a connection for each, and count what comes, or read, check and keep it as a verifier does. */
  readonly subscribe: {
    readonly url: string
    readonly channel: string
    readonly connections: number
    readonly work: 'count' | 'apply'
  }
  /** Wait until each subscriber has got so many messages more. */
  readonly expectMessages: { readonly count: number }
  /** How an expectation ended: for each receiver the instant at which it had everything. */
  readonly received: Readonly<Record<string, never>>
}

/** What a worker answers. */
export interface Answers {
  readonly open: null
  readonly watch: null
  readonly settle: boolean
  readonly report: readonly Sighting[]
  readonly block: null
  readonly expectRecords: null
  readonly subscribe: null
  readonly expectMessages: null
  readonly received: readonly number[]
}

/** The name of an order. */
export type OrderName = keyof Orders

/** An order on its way to a worker. */
export interface Call {
  readonly id: number
  readonly name: OrderName
  readonly order: unknown
}

/** An answer on its way back. */
export interface Reply {
  readonly id: number
  readonly answer?: unknown
  readonly error?: string
}
