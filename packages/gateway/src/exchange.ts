import { PassThrough, Transform, type Readable } from 'node:stream'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import type { Dispatcher } from 'undici'
import { problem } from './answers.ts'
import { notePassed } from './requests/spent-buffers.ts'
import { incomingHeaders } from './headers/outgoing.ts'
import type { Balancer } from './upstreams/balancer.ts'
import type { Upstream } from './upstreams/upstream.ts'

/** Whoever gets the answer. */
export interface Receiver {
  /** Whether a client still listens. */
  readonly isOpen: boolean
  begin(status: number, headers: readonly string[]): void
  /** False: not so fast; `onDrained` is called when there is room again. */
  write(chunk: Buffer, onDrained: () => void): boolean
  end(): void
  /** An answer of the gateway's own. */
  answer(answer: ReadyAnswer): void
  /** Breaks off what has begun. */
  cut(): void
}

/** A request on its way to a service. */
export interface Job {
  readonly method: string
  readonly target: string
  /** Names and values in turn. */
  readonly headers: string[]
  /** What the gateway adds to the answer. */
  readonly answerHeaders: readonly string[]
  /** Undefined: there is none. */
  readonly body: Readable | undefined
  /** 0: any. */
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

/** What no connection is asked for in the first place: it cannot be sent. */
const UNFIT: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

/** The connection broke before there was an answer. */
const BROKEN: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_INFO'])

/** How often a request is sent at most. */
export const MOST_TRIES = 3

/** Passes one request on, and its answer back, without holding more of either than is under way. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #job: Job
  readonly #tried: Upstream[] = []
  #upstream: Upstream | undefined
  #tries = 0
  #abort: ((error?: Error) => void) | undefined
  #answeredAt: number | undefined
  #bytes = 0
  #isOver = false
  #isTooLarge = false
  /** Whether it has been sent, at this try, as far as anybody knows. */
  #isSent = false
  #isLate = false
  #timer: NodeJS.Timeout | undefined
  #stopListening = (): void => undefined
  #resume = (): void => undefined
  #pour = (): void => undefined

  constructor(job: Job) {
    this.#job = job
  }

  get figures(): ExchangeFigures {
    const upstream = this.#upstream?.name
    return { upstream, tries: this.#tries, answeredAt: this.#answeredAt, bytes: this.#bytes }
  }

  start(): void {
    const { balancer, now, method, target, headers, receiver } = this.#job
    const upstream = balancer.next(this.#tried, now())
    if (upstream === undefined) return receiver.answer(problem('upstream_unreachable'))
    this.#upstream = upstream
    this.#tries++
    this.#isSent = false
    if (upstream.isBusy) this.#waitInLine(upstream.patienceMs)
    upstream.dispatch({ path: target, method, headers, body: this.#body() }, this)
  }

  /** The client has gone, or has all that there is. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#stopListening()
    this.#abort?.(new Error('the client has gone'))
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort
    this.#isSent = true
    // From here on it is the upstream that is waited for; and a body may take its time.
    clearTimeout(this.#timer)
    if (this.#isOver || this.#isLate || !this.#job.receiver.isOpen) abort(new Error('the client has gone'))
    else this.#pour()
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    // Interim answers concern this connection alone; nobody has to be told (RFC 9110 §15.2).
    if (status < 200) return true
    this.#resume = resume
    const { receiver, now, ends, answerHeaders } = this.#job
    this.#upstream?.succeeded()
    this.#answeredAt = now()
    clearTimeout(this.#timer)
    const headers = incomingHeaders(raw)
    headers.push(...answerHeaders)
    receiver.begin(status, headers)
    if (ends !== undefined && goesOn(headers)) this.#endWith(ends())
    return true
  }

  onData(chunk: Buffer): boolean {
    if (this.#isOver) return true
    this.#bytes += chunk.length
    notePassed(chunk.length)
    return this.#job.receiver.write(chunk, this.#resume)
  }

  onComplete(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopListening()
    this.#job.receiver.end()
  }

  onError(error: Error): void {
    if (this.#isOver) return
    if (this.#answeredAt !== undefined) return this.#break()
    const code = codeOf(error)
    const { receiver, now } = this.#job
    if (this.#isTooLarge) return this.#give(problem('body_too_large'))
    if (UNFIT.has(code)) return this.#give(problem('bad_request'))
    this.#upstream?.failed(now())
    if (this.#mayTryAgain(code)) return this.start()
    if (!receiver.isOpen) return this.stop()
    this.#give(answerToFailure(code, this.#isSent))
  }

  /** All connections are in use: whoever waits for one waits no longer than for an answer. */
  #waitInLine(patienceMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#isLate = true
      if (!this.#isOver) this.#give(problem('upstream_slow'))
    }, patienceMs)
  }

  #body(): Readable | null {
    const { body, bodyLimit } = this.#job
    if (body === undefined) return null
    // undici destroys what it reads when an answer comes early, and with the request the connection would go over which that answer has to go.
    const through = bodyLimit === 0 ? new PassThrough() : this.#limited(bodyLimit)
    body.once('error', () => through.destroy())
    // Only where somebody is there to take it: another upstream may have to be asked first.
    this.#pour = () => {
      this.#pour = () => undefined
      body.on('data', countPassed)
      body.pipe(through)
    }
    return through
  }

  #limited(limit: number): Transform {
    let left = limit
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        left -= chunk.length
        this.#isTooLarge = left < 0
        if (left < 0) done(new Error('the body is too large'))
        else done(null, chunk)
      },
    })
  }

  #endWith(signal: AbortSignal): void {
    const end = (): void => this.#break()
    if (signal.aborted) return end()
    signal.addEventListener('abort', end, { once: true })
    this.#stopListening = () => signal.removeEventListener('abort', end)
  }

  /** What has begun cannot be taken back: the client must see that it is not whole. */
  #break(): void {
    const abort = this.#abort
    this.#isOver = true
    this.#stopListening()
    this.#job.receiver.cut()
    abort?.(new Error('the answer was broken off'))
  }

  #give(answer: ReadyAnswer): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#job.receiver.answer(answer)
  }

  #mayTryAgain(code: string): boolean {
    const { method, body, balancer, receiver } = this.#job
    if (this.#tries >= MOST_TRIES || !receiver.isOpen) return false
    const upstream = this.#upstream
    if (upstream === undefined) return false
    if (!this.#isSent) {
      this.#tried.push(upstream)
      return this.#tried.length < balancer.upstreams.length
    }
    // An idle connection may have been closed in the very moment in which it was used: the same upstream has another.
    return BROKEN.has(code) && body === undefined && IDEMPOTENT.has(method)
  }
}

/** Whether an answer has no end that could be waited for. */
function goesOn(headers: readonly string[]): boolean {
  let isSized = false
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]?.toLowerCase()
    if (name === 'content-type' && headers[at + 1]?.startsWith('text/event-stream') === true) return true
    if (name === 'content-length') isSized = Number(headers[at + 1]) < LARGE_BYTES
  }
  return !isSized
}

function countPassed(chunk: Buffer): void {
  notePassed(chunk.length)
}

/** A body of this size may take its time. */
const LARGE_BYTES = 1_000_000

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function answerToFailure(code: string, wasSent: boolean): ReadyAnswer {
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return problem('upstream_slow')
  return problem(wasSent ? 'upstream_broken' : 'upstream_unreachable')
}
