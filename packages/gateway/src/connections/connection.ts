import type { Socket } from 'node:net'
import { BodySender, type SendingListener } from './body-sender.ts'
import type { RequestText } from './request-text.ts'
import type { ResponseHead } from './response-head.ts'
import { ResponseReader, type ResponseListener } from './response-reader.ts'
import type { Carrier, ServiceCall, ServiceFailure } from './service-call.ts'

/** Whose connection it is. Time is counted in ticks of the owner's. */
export interface ConnectionOwner {
  readonly tick: number
  readonly responseTicks: number
  readonly idleTicks: number
  /** It can carry the next request. */
  freed(connection: Connection): void
  /** It will carry none any more. */
  gone(connection: Connection): void
}

/** One connection to a service: it carries one request after another, and never two at once. */
export class Connection implements Carrier, ResponseListener, SendingListener {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #reader: ResponseReader
  #call: ServiceCall | undefined
  #head: ResponseHead | undefined
  #sender: BodySender | undefined
  #isPaused = false
  #isGone = false
  /** When something last happened that the service is to follow up. */
  #movedAt = 0

  /** Takes over a socket that is connected. */
  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket
    this.#owner = owner
    this.#reader = new ResponseReader(this)
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onBroken).on('close', this.#onBroken)
  }

  /** When it was last used, and for how long the service keeps it then, where it says so. */
  get standing(): { readonly movedAt: number; readonly keptSeconds: number | undefined } {
    return { movedAt: this.#movedAt, keptSeconds: this.#head?.keptSeconds }
  }

  /** Sends a request; false when nobody wants it any more, and the connection is as free as before. */
  carry(call: ServiceCall, { text, length }: RequestText): boolean {
    if (!call.connected(this)) return false
    const { method, body } = call.request
    this.#call = call
    this.#head = undefined
    this.#movedAt = this.#owner.tick
    this.#reader.expect(method)
    this.#socket.write(text, 'latin1')
    if (body !== undefined) {
      this.#sender = new BodySender(this.#socket, body, length, this)
      this.#sender.start()
    }
    return true
  }

  abort(): void {
    this.#call = undefined
    this.destroy()
  }

  resume(): void {
    this.#isPaused = false
    this.#movedAt = this.#owner.tick
    this.#socket.resume()
  }

  /** Gives up when the service takes too long. */
  watch(): void {
    if (this.#call === undefined || this.#isPaused || (this.#sender !== undefined && this.#head === undefined)) return
    const { tick, responseTicks, idleTicks } = this.#owner
    if (tick - this.#movedAt > (this.#head === undefined ? responseTicks : idleTicks)) this.#fail('slow')
  }

  /** Breaks off what is under way, and says so. */
  cut(): void {
    this.#fail('broken')
  }

  destroy(): void {
    this.#sender?.stop()
    this.#sender = undefined
    this.#socket.destroy()
    this.#leave()
  }

  head(head: ResponseHead): void {
    const call = this.#call
    if (call === undefined) return
    this.#head = head
    if (head.status !== 101) call.answered(head)
    else if (call.request.upgrades !== true) this.#fail('garbled')
  }

  data(chunk: Buffer): void {
    if (this.#call === undefined || this.#call.received(chunk)) return
    this.#isPaused = true
    this.#socket.pause()
  }

  end(rest: Buffer): void {
    const call = this.#call
    const head = this.#head
    if (call === undefined || head === undefined) return
    this.#call = undefined
    if (head.status === 101) return this.#handOver(call, head, rest)
    // What comes without having been asked for belongs to nobody, and what has not all been sent cannot be followed by anything.
    if (head.persists && rest.length === 0 && this.#sender === undefined && this.#socket.writable) {
      if (this.#isPaused) this.resume()
      this.#movedAt = this.#owner.tick
      this.#owner.freed(this)
    } else this.destroy()
    call.ended()
  }

  sending(bytes: number): boolean {
    return this.#call?.sending(bytes) ?? false
  }

  sent(): void {
    this.#sender = undefined
    this.#movedAt = this.#owner.tick
  }

  unsent(failure: ServiceFailure): void {
    this.#fail(failure)
  }

  readonly #onData = (bytes: Buffer): void => {
    // An answer to nothing.
    if (this.#call === undefined) return this.destroy()
    this.#movedAt = this.#owner.tick
    if (this.#reader.read(bytes)) this.#pause()
    else this.#fail('garbled')
  }

  /** Whoever holds something back, to send it together with what follows, waits no longer. */
  #pause(): void {
    this.#call?.paused()
  }

  readonly #onEnd = (): void => {
    const call = this.#call
    if (call === undefined || !this.#reader.endsWithConnection) return this.#onBroken()
    this.#call = undefined
    this.destroy()
    call.ended()
  }

  readonly #onBroken = (): void => this.#fail('broken')

  #fail(failure: ServiceFailure): void {
    const call = this.#call
    this.#call = undefined
    this.destroy()
    call?.failed(failure)
  }

  #handOver(call: ServiceCall, head: ResponseHead, rest: Buffer): void {
    const socket = this.#socket
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onBroken).off('close', this.#onBroken)
    this.#leave()
    if (call.upgraded === undefined) socket.destroy()
    else call.upgraded(head, socket, rest)
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#owner.gone(this)
  }
}
