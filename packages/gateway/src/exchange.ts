import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { problem } from './answers.ts'
import type { ResponseHead } from './connections/response-head.ts'
import type { Carrier, ServiceCall, ServiceFailure, ServiceRequest } from './connections/service-call.ts'
import { notePassed } from './requests/spent-buffers.ts'
import type { Balancer } from './upstreams/balancer.ts'
import type { Upstream } from './upstreams/upstream.ts'

/** Whoever gets the answer. */
export interface Receiver {
  /** Whether a client still listens. */
  readonly isOpen: boolean
  begin(status: number, headers: readonly string[], length: ResponseHead['length']): void
  /** False: not so fast; `onDrained` is called when there is room again. */
  write(chunk: Buffer, onDrained: () => void): boolean
  /** Nothing more has come for now: what was held back goes. */
  flush(): void
  end(): void
  /** An answer of the gateway's own. */
  answer(answer: ReadyAnswer): void
  /** Breaks off what has begun. */
  cut(): void
}

/** A request on its way to a service. */
export interface Job {
  readonly request: ServiceRequest
  /** What the gateway adds to the answer. */
  readonly answerHeaders: readonly string[]
  /** Of the request's body, in bytes. 0: any. */
  readonly bodyLimit: number
  readonly balancer: Balancer
  readonly receiver: Receiver
  /** Fires when the session of the caller ends; asked for only when the answer goes on for a while. */
  readonly ends: (() => AbortSignal) | undefined
  /** Milliseconds that never go back. */
  readonly now: () => number
}

/** What came of it, for the log. */
export interface ExchangeFigures {
  readonly upstream: string | undefined
  /** How often it was sent. */
  readonly tries: number
  /** When the answer began; undefined when it never did. */
  readonly answeredAt: number | undefined
  /** Of the answer's body. */
  readonly bytes: number
}

/** Methods that may be repeated (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** How often a request is sent at most. */
export const MOST_TRIES = 3

/** Passes one request on, and its answer back, without holding more of either than is under way. */
export class Exchange implements ServiceCall {
  readonly request: ServiceRequest
  readonly #job: Job
  readonly #tried: Upstream[] = []
  #upstream: Upstream | undefined
  #tries = 0
  #carrier: Carrier | undefined
  #answeredAt: number | undefined
  /** Of the answer's body, and of the request's. */
  #bytes = 0
  #sentBytes = 0
  #isOver = false
  #isTooLarge = false
  /** Whether it has been sent, at this try, as far as anybody knows. */
  #isSent = false
  #isLate = false
  #timer: NodeJS.Timeout | undefined
  #stopListening: (() => void) | undefined

  constructor(job: Job) {
    this.#job = job
    this.request = job.request
  }

  get figures(): ExchangeFigures {
    const upstream = this.#upstream?.name
    return { upstream, tries: this.#tries, answeredAt: this.#answeredAt, bytes: this.#bytes }
  }

  start(): void {
    const { balancer, now, receiver } = this.#job
    const upstream = balancer.next(this.#tried, now())
    if (upstream === undefined) return receiver.answer(problem('upstream_unreachable'))
    this.#upstream = upstream
    this.#tries++
    this.#isSent = false
    if (upstream.isBusy) this.#waitInLine(upstream.patienceMs)
    upstream.send(this)
  }

  /** The client has gone, or has all that there is. */
  stop(): void {
    if (this.#isOver) return
    this.#finish()
    this.#carrier?.abort()
  }

  connected(carrier: Carrier): boolean {
    if (this.#isOver || this.#isLate || !this.#job.receiver.isOpen) return false
    this.#carrier = carrier
    this.#isSent = true
    // From here on it is the upstream that is waited for; and a body may take its time.
    clearTimeout(this.#timer)
    return true
  }

  sending(bytes: number): boolean {
    notePassed(bytes)
    this.#sentBytes += bytes
    this.#isTooLarge = this.#job.bodyLimit > 0 && this.#sentBytes > this.#job.bodyLimit
    return !this.#isTooLarge
  }

  answered({ status, headers, length }: ResponseHead): void {
    const { receiver, now, ends, answerHeaders } = this.#job
    this.#upstream?.succeeded()
    this.#answeredAt = now()
    headers.push(...answerHeaders)
    receiver.begin(status, headers, length)
    if (ends !== undefined && goesOn(headers, length)) this.#endWith(ends())
  }

  received(chunk: Buffer): boolean {
    if (this.#isOver) return true
    this.#bytes += chunk.length
    notePassed(chunk.length)
    return this.#job.receiver.write(chunk, this.#resume)
  }

  paused(): void {
    if (this.#answeredAt !== undefined && !this.#isOver) this.#job.receiver.flush()
  }

  ended(): void {
    if (this.#isOver) return
    this.#finish()
    this.#job.receiver.end()
  }

  failed(failure: ServiceFailure): void {
    if (this.#isOver) return
    if (this.#answeredAt !== undefined) return this.#break()
    const { receiver, now } = this.#job
    if (this.#isTooLarge) return this.#give(problem('body_too_large'))
    if (failure === 'unfit') return this.#give(problem('bad_request'))
    this.#upstream?.failed(now())
    if (this.#mayTryAgain(failure)) return this.start()
    if (!receiver.isOpen) return this.stop()
    this.#give(answerToFailure(failure, this.#isSent))
  }

  /** All connections are in use: whoever waits for one waits no longer than for an answer. */
  #waitInLine(patienceMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#isLate = true
      if (!this.#isOver) this.#give(problem('upstream_slow'))
    }, patienceMs)
  }

  readonly #resume = (): void => {
    if (!this.#isOver) this.#carrier?.resume()
  }

  #endWith(signal: AbortSignal): void {
    const end = (): void => this.#break()
    if (signal.aborted) return end()
    signal.addEventListener('abort', end, { once: true })
    this.#stopListening = () => signal.removeEventListener('abort', end)
  }

  /** What has begun cannot be taken back: the client must see that it is not whole. */
  #break(): void {
    this.#finish()
    this.#job.receiver.cut()
    this.#carrier?.abort()
  }

  #give(answer: ReadyAnswer): void {
    this.#finish()
    this.#job.receiver.answer(answer)
  }

  #finish(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#stopListening?.()
  }

  #mayTryAgain(failure: ServiceFailure): boolean {
    const { balancer, receiver } = this.#job
    const { method, body } = this.request
    if (this.#tries >= MOST_TRIES || !receiver.isOpen) return false
    const upstream = this.#upstream
    if (upstream === undefined) return false
    if (!this.#isSent) {
      this.#tried.push(upstream)
      return this.#tried.length < balancer.upstreams.length
    }
    // An idle connection may have been closed in the very moment in which it was used: the same upstream has another.
    return failure === 'broken' && body === undefined && IDEMPOTENT.has(method)
  }
}

/** Whether an answer has no end that could be waited for. */
function goesOn(headers: readonly string[], length: ResponseHead['length']): boolean {
  if (typeof length !== 'number' || length >= LARGE_BYTES) return true
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at]?.toLowerCase() === 'content-type') return headers[at + 1]?.startsWith('text/event-stream') === true
  return false
}

/** A body of this size may take its time. */
const LARGE_BYTES = 1_000_000

function answerToFailure(failure: ServiceFailure, wasSent: boolean): ReadyAnswer {
  if (failure === 'slow') return problem('upstream_slow')
  return problem(wasSent ? 'upstream_broken' : 'upstream_unreachable')
}
