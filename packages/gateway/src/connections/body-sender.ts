import type { Readable, Writable } from 'node:stream'
import type { ServiceFailure } from './service-call.ts'

/** Who follows a body on its way. */
export interface SendingListener {
  /** So many bytes are about to go. False: they are not wanted. */
  sending(bytes: number): boolean
  sent(): void
  unsent(failure: ServiceFailure): void
}

/** Sends the body of a request, not faster than the service takes it, and exactly as long as its head has said. */
export class BodySender {
  readonly #to: Writable
  readonly #body: Readable
  readonly #listener: SendingListener
  readonly #isChunked: boolean
  /** Bytes that are still to come. */
  #left: number

  constructor(to: Writable, body: Readable, length: number | 'chunked', listener: SendingListener) {
    this.#to = to
    this.#body = body
    this.#listener = listener
    this.#isChunked = length === 'chunked'
    this.#left = length === 'chunked' ? Infinity : length
  }

  start(): void {
    this.#to.on('drain', this.#onDrained)
    this.#body.on('end', this.#onEnd).on('close', this.#onClose).on('data', this.#onData)
  }

  /** Leaves the rest of the body to whoever else reads it. */
  stop(): void {
    this.#to.off('drain', this.#onDrained)
    this.#body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#left -= chunk.length
    // More than was said would be read as the next request (RFC 9112 §11.2).
    if (this.#left < 0 || !this.#listener.sending(chunk.length)) return this.#give('unfit')
    if (!this.#write(chunk)) this.#body.pause()
  }

  readonly #onDrained = (): void => void this.#body.resume()

  readonly #onEnd = (): void => {
    if (!this.#isChunked && this.#left > 0) return this.#give('unfit')
    this.stop()
    if (this.#isChunked) this.#to.write('0\r\n\r\n', 'latin1')
    this.#listener.sent()
  }

  /** The client has gone in the middle of it. */
  readonly #onClose = (): void => this.#give('broken')

  #give(failure: ServiceFailure): void {
    this.stop()
    this.#listener.unsent(failure)
  }

  #write(chunk: Buffer): boolean {
    if (!this.#isChunked) return this.#to.write(chunk)
    this.#to.cork()
    this.#to.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
    this.#to.write(chunk)
    const isReady = this.#to.write('\r\n', 'latin1')
    this.#to.uncork()
    return isReady
  }
}
