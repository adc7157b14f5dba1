import type { TokenSubject } from './view.ts'

/** Work that goes on under a credential: a stream, a socket, a long answer. */
export interface Work {
  readonly subject: TokenSubject
  readonly keyId: string | undefined
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** Whether it ends when nobody can tell any more whether it may go on. */
  readonly endsWhenStale: boolean
}

interface OpenWork extends Work {
  readonly controller: AbortController
}

/** Why work was ended. */
export type EndReason = 'revoked' | 'expired' | 'stale'

/** The `reason` of an `AbortSignal` that has fired. */
export class WorkEnded extends Error {
  override readonly name = 'WorkEnded'
  readonly reason: EndReason

  constructor(reason: EndReason) {
    super(`the credential of this work is good no longer: ${reason}`)
    this.reason = reason
  }
}

/** What tells open works the time. */
export interface WorkClock {
  /** Epoch milliseconds. */
  now(): number
  /** Calls back once after this many milliseconds; calling what it returns keeps it from happening. */
  after(ms: number, act: () => void): () => void
}

/** A timer that is set further ahead fires at once. */
const LONGEST_MS = 2 ** 31 - 1

/** What is open under credentials, to be ended by what ends them. It costs nothing for whoever never asks for a signal. */
export class OpenWorks {
  readonly #open = new Set<OpenWork>()
  readonly #clock: WorkClock
  #nextAt = Infinity
  #cancel: (() => void) | undefined

  constructor(clock: WorkClock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#open.size
  }

  /** A signal that fires when this credential ends. */
  open(work: Work): AbortSignal {
    const controller = new AbortController()
    this.#open.add({ ...work, controller })
    if (work.expiresAt < this.#nextAt) this.#wakeAt(work.expiresAt)
    return controller.signal
  }

  /** Ends what may have been ended by a record that was missed. */
  endDoubtful(canJudge: (subject: TokenSubject) => boolean): void {
    for (const work of this.#open) if (!canJudge(work.subject)) this.#end(work, 'stale')
  }

  /** Ends what records cover. */
  endCovered(covers: (subject: TokenSubject, keyId: string | undefined) => boolean): void {
    for (const work of this.#open) if (covers(work.subject, work.keyId)) this.#end(work, 'revoked')
  }

  /** Ends what must not go on while nobody can tell. */
  endStale(): void {
    for (const work of this.#open) if (work.endsWhenStale) this.#end(work, 'stale')
  }

  close(): void {
    this.#cancel?.()
  }

  #endExpired(): void {
    const now = this.#clock.now()
    let next = Infinity
    for (const work of this.#open) {
      if (work.expiresAt <= now) this.#end(work, 'expired')
      else next = Math.min(next, work.expiresAt)
    }
    this.#nextAt = Infinity
    if (next < Infinity) this.#wakeAt(next)
  }

  #wakeAt(instant: number): void {
    this.#cancel?.()
    this.#nextAt = instant
    const ms = Math.min(LONGEST_MS, Math.max(0, instant - this.#clock.now()))
    this.#cancel = this.#clock.after(ms, () => this.#endExpired())
  }

  #end(work: OpenWork, reason: EndReason): void {
    this.#open.delete(work)
    try {
      work.controller.abort(new WorkEnded(reason))
    } catch {
      // In Workers a request cannot end what another one opened; whoever decides now is not to suffer from it.
    }
  }
}
