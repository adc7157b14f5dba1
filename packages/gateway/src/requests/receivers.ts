import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import type { ResponseHead } from '../connections/response-head.ts'
import type { Receiver } from '../exchange.ts'

/** Bodies up to this size go out together with their headers. */
const SMALL_BYTES = 16_384

/** A client that speaks HTTP/1.1. */
export class Http1Receiver implements Receiver {
  readonly #response: ServerResponse
  readonly #isDraining: () => boolean
  /** What has come of a body that is not on its way yet: a small one goes with its headers in one piece. */
  #held: Buffer | undefined
  #length: ResponseHead['length'] = 0
  #hasGone = false

  constructor(response: ServerResponse, isDraining: () => boolean) {
    this.#response = response
    this.#isDraining = isDraining
  }

  get isOpen(): boolean {
    return !this.#response.destroyed
  }

  begin(status: number, headers: readonly string[], length: ResponseHead['length']): void {
    const all = this.#isDraining() ? [...headers, 'connection', 'close'] : (headers as string[])
    this.#length = length
    this.#response.writeHead(status, all)
  }

  write(chunk: Buffer, onDrained: () => void): boolean {
    if (!this.#hasGone && this.#held === undefined && chunk.length === this.#length && chunk.length <= SMALL_BYTES) {
      this.#held = chunk
      return true
    }
    this.flush()
    if (this.#response.write(chunk)) return true
    this.#response.once('drain', onDrained)
    return false
  }

  end(): void {
    this.#hasGone = true
    // As text it is written together with the headers, which costs half of what two pieces do.
    if (this.#held === undefined) this.#response.end()
    else this.#response.end(this.#held.toString('latin1'), 'latin1')
  }

  answer({ status, headers, body }: ReadyAnswer): void {
    if (this.#response.headersSent) return this.cut()
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const close = this.#isDraining() ? { connection: 'close' } : {}
    this.#response.writeHead(status, { ...headers, ...length, ...close }).end(body)
  }

  cut(): void {
    this.#response.destroy()
  }

  /** Node holds the headers back until there is a body: with what came at the same time they are one packet, and alone they go now. */
  flush(): void {
    if (this.#hasGone) return
    this.#hasGone = true
    if (this.#held === undefined) this.#response.flushHeaders()
    else this.#response.write(this.#held)
    this.#held = undefined
  }
}

/** A client that speaks HTTP/2: names are in lower case, and nothing is said about connections (RFC 9113 §8.2). */
export class Http2Receiver implements Receiver {
  readonly #response: Http2ServerResponse

  constructor(response: Http2ServerResponse) {
    this.#response = response
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.stream.destroyed
  }

  begin(status: number, headers: readonly string[]): void {
    const grouped: Record<string, string | string[]> = {}
    for (let at = 0; at < headers.length; at += 2) {
      const name = (headers[at] ?? '').toLowerCase()
      const value = headers[at + 1] ?? ''
      const before = grouped[name]
      grouped[name] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value]
    }
    this.#response.writeHead(status, grouped)
  }

  write(chunk: Buffer, onDrained: () => void): boolean {
    if (this.#response.write(chunk)) return true
    this.#response.once('drain', onDrained)
    return false
  }

  flush(): void {
    // Its headers are frames of their own, and have gone.
  }

  end(): void {
    this.#response.end()
  }

  answer({ status, headers, body }: ReadyAnswer): void {
    if (this.#response.headersSent) return this.cut()
    this.#response.writeHead(status, { ...headers })
    this.#response.end(body)
  }

  cut(): void {
    this.#response.stream.close(8)
  }
}
