import type { Duplex } from 'node:stream'
import { WorkEnded, type Accepted } from '@counterfoil/verifier'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import type { Dispatcher } from 'undici'
import { problem } from '../answers.ts'
import { incomingHeaders } from '../headers/outgoing.ts'
import type { Balancer } from '../upstreams/balancer.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { closeFrame, FrameBoundary } from './frames.ts'

/** A connection that becomes something else, on its way to a service. */
export interface TunnelJob {
  readonly socket: Duplex & { setTimeout?(ms: number, onTimeout: () => void): unknown }
  /** What the client had already sent. */
  readonly ahead: Buffer
  readonly target: string
  readonly headers: string[]
  /** Undefined: nobody, on a public route. */
  readonly accepted: Accepted | undefined
  readonly balancer: Balancer
  readonly idleMs: number
  readonly now: () => number
  /** Called once, when all is over: with the status that the client got. */
  readonly onOver: (status: number, upstream: string | undefined) => void
}

/** Close codes (RFC 6455 §7.4.2, private use): the session has ended or expired; nobody can tell any more. As the verifier's own adapter has them. */
const CLOSE_CODES = { ended: 4401, stale: 4503 } as const

/** How long a client has to take what was said last. */
const LINGER_MS = 1000

/** Connects a client and a service for a WebSocket, for as long as the session lasts that let it in. */
export class Tunnel implements Dispatcher.DispatchHandler {
  readonly #job: TunnelJob
  #upstream: Duplex | undefined
  readonly #tried: Upstream[] = []
  #isSent = false
  /** The client is being told that it is over. */
  #isClosing = false
  #abort: ((error?: Error) => void) | undefined
  #status = 0
  #isOver = false
  #stopListening = (): void => undefined

  constructor(job: TunnelJob) {
    this.#job = job
  }

  start(): void {
    const { socket } = this.#job
    socket.on('error', () => this.#end())
    socket.on('close', () => this.#end())
    this.#try()
  }

  #try(): void {
    const { balancer, now, target, headers } = this.#job
    const upstream = balancer.next(this.#tried, now())
    if (upstream === undefined) return this.#refuse(problem('upstream_unreachable'))
    this.#tried.push(upstream)
    upstream.dispatch({ path: target, method: 'GET', headers, upgrade: 'websocket' }, this)
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort
    this.#isSent = true
    if (this.#isOver) abort(new Error('the client has gone'))
  }

  /** The service answers, and does not change protocols: it is told as it is. */
  onHeaders(status: number, raw: Buffer[]): boolean {
    if (status < 200) return true
    this.#status = status
    const headers = incomingHeaders(raw).filter((_, at, all) => all[at - (at % 2)]?.toLowerCase() !== 'content-length')
    this.#job.socket.write(headText(status, [...headers, 'connection', 'close']))
    return true
  }

  onData(chunk: Buffer): boolean {
    this.#job.socket.write(chunk)
    return true
  }

  onComplete(): void {
    this.#job.socket.end()
    this.#end()
  }

  onUpgrade(status: number, raw: Buffer[] | string[] | null, upstream: Duplex): void {
    const { socket, ahead } = this.#job
    this.#status = status
    this.#upstream = upstream
    this.#tried.at(-1)?.succeeded()
    if (this.#isOver) return void upstream.destroy()
    const headers = incomingHeaders((raw ?? []).map((each) => Buffer.from(each)))
    socket.write(headText(status, [...headers, 'connection', 'Upgrade', 'upgrade', 'websocket']))
    const onGone = (): void => (this.#isClosing ? undefined : this.#end())
    upstream.on('error', onGone).on('close', onGone)
    if (ahead.length > 0) upstream.write(ahead)
    const frames = new FrameBoundary()
    upstream.on('data', (chunk: Buffer) => frames.follow(chunk))
    upstream.pipe(socket)
    socket.pipe(upstream)
    this.#watch(frames)
  }

  onError(error: Error): void {
    if (this.#isOver) return
    const code = 'code' in error ? error.code : undefined
    const { balancer, now } = this.#job
    this.#tried.at(-1)?.failed(now())
    if (!this.#isSent && this.#tried.length < balancer.upstreams.length) return this.#try()
    const isSlow = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT'
    if (this.#status === 0) this.#refuse(problem(isSlow ? 'upstream_slow' : 'upstream_unreachable'))
    else this.#end()
  }

  /** Ends it for a reason of the gateway's own. */
  cut(): void {
    this.#end()
  }

  #watch(frames: FrameBoundary): void {
    const { accepted, socket, idleMs } = this.#job
    const upstream = this.#upstream
    // Either direction counts: who only listens is not idle.
    const timer = setTimeout(() => this.#end(), idleMs)
    const alive = (): void => void timer.refresh()
    socket.on('data', alive)
    upstream?.on('data', alive)
    const stopTimer = (): void => clearTimeout(timer)
    this.#stopListening = stopTimer
    if (accepted === undefined) return
    const { signal } = accepted
    const onAbort = (): void => this.#endWith(signal.reason, frames)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#stopListening = () => {
      stopTimer()
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** The session is over. The client is told why where that can be said between two frames. */
  #endWith(reason: unknown, frames: FrameBoundary): void {
    const { socket } = this.#job
    this.#isClosing = true
    this.#upstream?.unpipe(socket)
    socket.unpipe()
    const isStale = reason instanceof WorkEnded && reason.reason === 'stale'
    if (frames.isBetween && socket.writable)
      socket.write(closeFrame(isStale ? CLOSE_CODES.stale : CLOSE_CODES.ended, isStale ? 'cannot tell' : 'ended'))
    this.#upstream?.destroy()
    // What the client still sends is read and thrown away: left unread, it would make the system throw away the frame instead.
    socket.removeAllListeners('data')
    socket.resume()
    socket.end()
    socket.once('end', () => this.#end())
    setTimeout(() => this.#end(), LINGER_MS).unref()
  }

  #refuse({ status, headers, body }: ReadyAnswer): void {
    this.#status = status
    const pairs = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' })
    this.#job.socket.end(headText(status, pairs.flat()) + body)
    this.#end()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopListening()
    const { socket, onOver } = this.#job
    this.#abort?.(new Error('the connection is over'))
    this.#upstream?.destroy()
    // What was written goes out first, if the client takes it.
    const destroy = (): void => void socket.destroy()
    if (socket.writableEnded && !socket.writableFinished) {
      socket.once('finish', destroy)
      setTimeout(destroy, LINGER_MS).unref()
    } else destroy()
    onOver(this.#status, this.#tried.at(-1)?.name)
  }
}

/** The head of an answer, on a connection that no server holds any more. Headers: names and values in turn. */
export function headText(status: number, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${status} \r\n`
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`
  return `${text}\r\n`
}
