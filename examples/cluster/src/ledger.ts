/** A request that was not answered by a node, once: it was tried again. */
export interface Mishap {
  readonly request: string
  readonly what: string
  readonly beganAt: number
  readonly endedAt: number
}

/** After a node has gone, what its connections were given before the balancer noticed is in flight too. */
const NOTICE_MS = 250

/** What happened to the requests of all users. */
export class Ledger {
  requests = 0
  readonly mishaps: Mishap[] = []
  /** Requests that got no answer, or a wrong one, also when they were tried again. */
  readonly failures: string[] = []
  /** Users who were told to sign in although they had not signed out. */
  readonly signedOut: string[] = []
  /** When a node was ended, each time. */
  readonly killedAt: number[] = []

  /** The mishaps that no dying node explains: they began after it was gone, or ended before. */
  strays(): Mishap[] {
    return this.mishaps.filter(
      ({ beganAt, endedAt }) => !this.killedAt.some((at) => beganAt <= at + NOTICE_MS && endedAt >= at),
    )
  }
}
