import type { Duplex } from 'node:stream'
import { WorkEnded, type Accepted } from '@counterfoil/verifier'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { problem } from '../answers.ts'
import type { ResponseHead } from '../connections/response-head.ts'
import type { Carrier, ServiceCall, ServiceFailure, ServiceRequest } from '../connections/service-call.ts'
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
export class Tunnel implements ServiceCall {
  readonly request: ServiceRequest
  readonly #job: TunnelJob
  #upstream: Duplex | undefined
  readonly #tried: Upstream[] = []
  #isSent = false
  /** The client is being told that it is over. */
  #isClosing = false
  #carrier: Carrier | undefined
  #status = 0
  #isOver = false
  #stopListening = (): void => undefined

  constructor(job: TunnelJob) {
    this.#job = job
    this.request = { method: 'GET', target: job.target, headers: job.headers, upgrades: true }
  }

  start(): void {
    const { socket } = this.#job
    socket.on('error', () => this.#end())
    socket.on('close', () => this.#end())
    this.#try()
  }

  #try(): void {
    const { balancer, now } = this.#job
    const upstream = balancer.next(this.#tried, now())
    if (upstream === undefined) return this.#refuse(problem('upstream_unreachable'))
    this.#tried.push(upstream)
    upstream.send(this)
  }

  connected(carrier: Carrier): boolean {
    if (this.#isOver) return false
    this.#carrier = carrier
    this.#isSent = true
    return true
  }

  sending(): boolean {
    return false
  }

  /** The service answers, and does not change protocols: it is told as it is. */
  answered({ status, headers, length }: ResponseHead): void {
    this.#status = status
    // What comes in chunks goes on until the connection closes.
    const sized = typeof length === 'number' ? headers : headers.filter((_, at, all) => !isLength(all[at - (at % 2)]))
    this.#job.socket.write(headText(status, [...sized, 'connection', 'close']))
  }

  received(chunk: Buffer): boolean {
    this.#job.socket.write(chunk)
    return true
  }

  paused(): void {
    // Nothing is held back here.
  }

  ended(): void {
    this.#carrier = undefined
    this.#job.socket.end()
    this.#end()
  }

  upgraded({ status, headers }: ResponseHead, upstream: Duplex, first: Buffer): void {
    const { socket, ahead } = this.#job
    this.#status = status
    this.#carrier = undefined
    this.#upstream = upstream
    this.#tried.at(-1)?.succeeded()
    if (this.#isOver) return void upstream.destroy()
    socket.write(headText(status, [...headers, 'connection', 'Upgrade', 'upgrade', 'websocket']))
    const onGone = (): void => (this.#isClosing ? undefined : this.#end())
    upstream.on('error', onGone).on('close', onGone)
    if (ahead.length > 0) upstream.write(ahead)
    const frames = new FrameBoundary()
    if (first.length > 0) {
      frames.follow(first)
      socket.write(first)
    }
    upstream.on('data', (chunk: Buffer) => frames.follow(chunk))
    upstream.pipe(socket)
    socket.pipe(upstream)
    this.#watch(frames)
  }

  failed(failure: ServiceFailure): void {
    if (this.#isOver) return
    this.#carrier = undefined
    const { balancer, now } = this.#job
    this.#tried.at(-1)?.failed(now())
    if (!this.#isSent && this.#tried.length < balancer.upstreams.length) return this.#try()
    if (this.#status === 0) this.#refuse(problem(failure === 'slow' ? 'upstream_slow' : 'upstream_unreachable'))
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

  /** The session is over: nothing of the client goes on. It is told why after the frame that is on its way to it, if that is over soon. */
  #endWith(reason: unknown, frames: FrameBoundary): void {
    const { socket } = this.#job
    const upstream = this.#upstream
    this.#isClosing = true
    upstream?.unpipe(socket)
    socket.unpipe()
    // What the client still sends is read and thrown away: left unread, it would make the system throw away the last frame instead.
    socket.removeAllListeners('data')
    socket.resume()
    socket.once('end', () => this.#end())
    setTimeout(() => this.#end(), LINGER_MS).unref()
    if (frames.isBetween || upstream === undefined) return this.#sayWhy(reason)
    upstream.removeAllListeners('data')
    upstream.on('data', (chunk: Buffer) => {
      socket.write(chunk.subarray(0, frames.followOne(chunk)))
      if (frames.isBetween) this.#sayWhy(reason)
    })
    upstream.once('end', () => socket.end())
    upstream.resume()
  }

  #sayWhy(reason: unknown): void {
    const { socket } = this.#job
    const isStale = reason instanceof WorkEnded && reason.reason === 'stale'
    if (socket.writable)
      socket.write(closeFrame(isStale ? CLOSE_CODES.stale : CLOSE_CODES.ended, isStale ? 'cannot tell' : 'ended'))
    this.#upstream?.destroy()
    socket.end()
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
    this.#carrier?.abort()
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

function isLength(name: string | undefined): boolean {
  return name?.toLowerCase() === 'content-length'
}
