/** A request that was not answered by a node, once: it was tried again. */
export interface Mishap {
  readonly request: string
  readonly what: string
  /** The port of the node that it was sent to, where the balancer said so. */
  readonly node: number | undefined
  readonly beganAt: number
  readonly endedAt: number
}

/** The end of a node. */
export interface Kill {
  readonly node: number
  readonly at: number
}

/** After a node has gone, what its connections were given before a busy balancer noticed is in flight too. */
const NOTICE_MS = 1000

/** What happened to the requests of all users. */
export class Ledger {
  requests = 0
  readonly mishaps: Mishap[] = []
  /** Requests that got no answer, or a wrong one, also when they were tried again. */
  readonly failures: string[] = []
  /** Users who were told to sign in although they had not signed out. */
  readonly signedOut: string[] = []
  /** The nodes that were ended, each time. */
  readonly kills: Kill[] = []
  /** How often a node was asked to stop and started again. */
  restarts = 0

  /** The mishaps that no dying node explains: they were another node's, began after it was gone, or ended before. */
  strays(): Mishap[] {
    return this.mishaps.filter(
      ({ node, beganAt, endedAt }) =>
        !this.kills.some(
          (kill) => (node ?? kill.node) === kill.node && beganAt <= kill.at + NOTICE_MS && endedAt >= kill.at,
        ),
    )
  }
}
