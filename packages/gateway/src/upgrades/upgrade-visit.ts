import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { admit, type Admission } from '../admission.ts'
import { problem } from '../answers.ts'
import { composeHeaders } from '../headers/compose.ts'
import type { GatewaySettings } from '../options.ts'
import { findPlace, type Place } from '../place.ts'
import { readHead, type Head } from '../requests/head.ts'
import { isWebSocket } from '../requests/strictness.ts'
import type { VisitParts } from '../visit.ts'
import { headText, Tunnel } from './tunnel.ts'

/** One WebSocket, from its first headers to its end. */
export class UpgradeVisit {
  readonly #parts: VisitParts
  readonly #settings: GatewaySettings
  readonly #request: IncomingMessage
  readonly #socket: Duplex
  readonly #ahead: Buffer
  readonly #beganAt: number
  #place: Place | undefined
  #decidedAt: number | undefined
  #admission: Admission | undefined
  #tunnel: Tunnel | undefined

  constructor(parts: VisitParts, request: IncomingMessage, socket: Duplex, ahead: Buffer) {
    this.#parts = parts
    this.#settings = parts.settings()
    this.#request = request
    this.#socket = socket
    this.#ahead = ahead
    this.#beganAt = this.#settings.monotonic()
  }

  begin(): void {
    this.#parts.metrics.began()
    this.#parts.visits.add(this)
    this.#socket.on('error', () => this.#socket.destroy())
    const head = readHead(this.#request.rawHeaders)
    if (!isWebSocket(head) || this.#request.method !== 'GET')
      return this.#refuse(problem('bad_request', { detail: 'Only WebSockets are let through.' }))
    const place = findPlace(this.#request, head, this.#settings)
    if ('answer' in place) return this.#refuse(place.answer)
    if ('isSession' in place) return this.#refuse(problem('bad_request'))
    this.#place = place
    // Whatever the method is, a socket does everything: a page of another origin may not open one with a cookie (ASVS 4.4.2).
    const admission = admit(this.#settings, { ...place, head, method: 'UPGRADE' })
    void Promise.resolve(admission).then((later) => this.#proceed(place, head, later))
  }

  cut(): void {
    if (this.#tunnel === undefined) this.#socket.destroy()
    else this.#tunnel.cut()
  }

  #proceed(place: Place, head: Head, admission: Admission): void {
    const { monotonic, timeouts } = this.#settings
    this.#decidedAt = monotonic()
    this.#admission = admission
    if ('answer' in admission) return this.#refuse(admission.answer)
    if (this.#socket.destroyed) return this.#over(499, undefined)
    this.#tunnel = new Tunnel({
      socket: this.#socket,
      ahead: this.#ahead,
      target: place.target,
      headers: composeHeaders(this.#settings, place, head, admission, this.#request.socket.remoteAddress ?? ''),
      accepted: admission.accepted,
      balancer: place.route.balancer,
      idleMs: timeouts.idleMs,
      now: monotonic,
      onOver: (status, upstream) => this.#over(status, upstream),
    })
    this.#tunnel.start()
  }

  #refuse({ status, headers, body }: ReadyAnswer): void {
    const all = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }
    this.#socket.end(headText(status, Object.entries(all).flat()) + body, () => this.#socket.destroy())
    this.#over(status, undefined)
  }

  #over(status: number, upstream: string | undefined): void {
    const { metrics, visits } = this.#parts
    if (!visits.delete(this)) return
    const { monotonic, accessLog } = this.#settings
    const measured = {
      route: this.#place?.route.name ?? 'none',
      status,
      beganAt: this.#beganAt,
      decidedAt: this.#decidedAt,
      answeredAt: undefined,
      endedAt: monotonic(),
      upstream,
      tries: 1,
    }
    metrics.ended(measured)
    const admission = this.#admission
    const identity = admission !== undefined && 'accepted' in admission ? admission.accepted?.identity : undefined
    accessLog?.({
      ...measured,
      method: 'GET',
      client: this.#place?.client ?? '',
      account: identity?.accountId,
      session: identity?.sessionId,
      trace: this.#place?.trace.id,
      bytes: 0,
    })
  }
}
