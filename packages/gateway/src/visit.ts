import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Accepted } from '@counterfoil/verifier'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { admit, type Admission } from './admission.ts'
import { problem } from './answers.ts'
import { Exchange, type Receiver } from './exchange.ts'
import type { AccessLogEntry } from './observe/access-log.ts'
import type { Metrics } from './observe/metrics.ts'
import type { GatewaySettings } from './options.ts'
import { findPlace, type Place, type SessionPlace } from './place.ts'
import { readSmallBody } from './requests/small-body.ts'
import { readHead, type Head } from './requests/head.ts'
import { composeHeaders } from './headers/compose.ts'
import type { Route } from './settings.ts'

/** What all visits share. */
export interface VisitParts {
  readonly settings: () => GatewaySettings
  readonly isDraining: () => boolean
  readonly metrics: Metrics
  readonly visits: Set<{ cut(): void }>
}

/** How long a client may go on sending what nobody wants any more. */
const LINGER_MS = 5000

/** One request, from its headers to the end of its answer. */
export class Visit {
  readonly #parts: VisitParts
  readonly #settings: GatewaySettings
  readonly #request: IncomingMessage | Http2ServerRequest
  readonly #response: ServerResponse | Http2ServerResponse
  readonly #receiver: Receiver
  readonly #beganAt: number
  #place: Place | undefined
  #accepted: Accepted | undefined
  #decidedAt: number | undefined
  #exchange: Exchange | undefined

  constructor(
    parts: VisitParts,
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    receiver: Receiver,
  ) {
    this.#parts = parts
    // Of the options that are in force now: what is under way is not disturbed by others.
    this.#settings = parts.settings()
    this.#request = request
    this.#response = response
    this.#receiver = receiver
    this.#beganAt = this.#settings.monotonic()
  }

  begin(): void {
    const { metrics, visits } = this.#parts
    metrics.began()
    visits.add(this)
    // What HTTP/2 has in place of a response tells neither when it is sent, nor when a HEAD was reset; its stream does.
    const ending = 'stream' in this.#response ? this.#response.stream : this.#response
    ending.on('close', () => this.#over())
    ending.on('finish', () => this.#leaveRest())
    this.#request.on('error', () => undefined)
    const head = readHead(this.#request.rawHeaders)
    const place = findPlace(this.#request, head, this.#settings)
    if ('answer' in place) return this.#answer(place.answer)
    if ('isSession' in place) return this.#serveBrowser(place, head)
    this.#place = place
    const admission = admit(this.#settings, { ...place, head })
    if (admission instanceof Promise) void admission.then((later) => this.#proceed(place, head, later))
    else this.#proceed(place, head, admission)
  }

  /** Where browsers sign in and out. */
  #serveBrowser({ method, client }: SessionPlace, head: Head): void {
    const { browser, origins } = this.#settings
    const origin = { address: client, userAgent: head.userAgent }
    const answering = browser?.answer(method, head, () => readSmallBody(this.#request), { origins, origin })
    void answering?.then((answer) => this.#answer(answer))
  }

  cut(): void {
    this.#receiver.cut()
  }

  #proceed(place: Place, head: Head, admission: Admission): void {
    const { monotonic, limits } = this.#settings
    this.#decidedAt = monotonic()
    if ('answer' in admission) return this.#answer(admission.answer)
    const { accepted, cookie } = admission
    this.#accepted = accepted
    const { route, target, method } = place
    if (limits.bodyBytes > 0 && Number(head.length) > limits.bodyBytes) return this.#answer(problem('body_too_large'))
    const hasBody = head.coding !== undefined || Number(head.length) > 0 || this.#hasHttp2Body(head)
    this.#exchange = new Exchange({
      request: {
        method,
        target,
        headers: composeHeaders(this.#settings, place, head, admission, this.#request.socket.remoteAddress ?? ''),
        body: hasBody ? this.#request : undefined,
      },
      answerHeaders: cookie === undefined ? [] : ['set-cookie', cookie],
      bodyLimit: limits.bodyBytes,
      balancer: route.balancer,
      receiver: this.#receiver,
      ends: accepted && (() => accepted.signal),
      now: monotonic,
    })
    this.#exchange.start()
  }

  /** HTTP/2 has no chunks: a request without a length has a body unless its stream has ended with its headers. */
  #hasHttp2Body(head: Head): boolean {
    return head.length === undefined && 'stream' in this.#request && !this.#request.stream.endAfterHeaders
  }

  #answer(answer: ReadyAnswer): void {
    if (!this.#receiver.isOpen) return
    this.#receiver.answer(answer)
  }

  /** The answer came before the request was over: what still comes is thrown away for a while, so that the answer arrives, and then no more. */
  #leaveRest(): void {
    const request = this.#request
    if (request.complete) return
    request.unpipe()
    request.resume()
    if ('stream' in request) return request.stream.close(constants.NGHTTP2_NO_ERROR)
    setTimeout(() => (request.complete ? undefined : request.destroy()), LINGER_MS).unref()
  }

  #over(): void {
    const { metrics, visits } = this.#parts
    if (!visits.delete(this)) return
    this.#exchange?.stop()
    const { monotonic, accessLog } = this.#settings
    const { upstream, tries = 0, answeredAt, bytes = 0 } = this.#exchange?.figures ?? {}
    const route: Route | undefined = this.#place?.route
    const measured = {
      route: route?.name ?? 'none',
      status: this.#response.headersSent ? this.#response.statusCode : 499,
      beganAt: this.#beganAt,
      decidedAt: this.#decidedAt,
      answeredAt,
      endedAt: monotonic(),
      upstream,
      tries,
    }
    metrics.ended(measured)
    if (accessLog === undefined) return
    const { identity } = this.#accepted ?? {}
    const entry: AccessLogEntry = {
      ...measured,
      method: this.#request.method ?? '',
      client: this.#place?.client ?? this.#request.socket.remoteAddress ?? '',
      account: identity?.accountId,
      session: identity?.sessionId,
      trace: this.#place?.trace.id,
      bytes,
    }
    accessLog(entry)
  }
}
