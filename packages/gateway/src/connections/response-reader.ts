import { ChunkReader } from './chunk-reader.ts'
import { readResponseHead, type ResponseHead } from './response-head.ts'

/** Who is told what was read. */
export interface ResponseListener {
  head(head: ResponseHead): void
  data(chunk: Buffer): void
  /** The answer is whole. `rest`: what came after it. */
  end(rest: Buffer): void
}

/** Longer heads are not taken. */
const MOST_HEAD_BYTES = 32_768
const END_OF_HEAD = '\r\n\r\n'
const NOTHING = Buffer.alloc(0)

/** Reads one answer after another from what a connection brings, however it is cut into pieces. */
export class ResponseReader {
  readonly #listener: ResponseListener
  #method = ''
  /** What is there of a head that is not whole yet. */
  #begun: Buffer = NOTHING
  #head: ResponseHead | undefined
  /** Bytes of the body that are still to come. */
  #left = 0
  #chunks: ChunkReader | undefined

  constructor(listener: ResponseListener) {
    this.#listener = listener
  }

  /** Another request has been sent: the answer to it comes next. */
  expect(method: string): void {
    this.#method = method
    this.#head = undefined
    this.#begun = NOTHING
    this.#chunks = undefined
  }

  /** Takes what came; false when it is nothing that can be understood. */
  read(bytes: Buffer): boolean {
    return this.#head === undefined ? this.#readHead(bytes) : this.#readBody(bytes)
  }

  /** The connection has ended: whether the answer is whole with that. */
  get endsWithConnection(): boolean {
    return this.#head?.length === 'close'
  }

  #readHead(bytes: Buffer): boolean {
    const all = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes])
    // What was there before has no end in it, but for the last three bytes.
    const end = all.indexOf(END_OF_HEAD, Math.max(0, this.#begun.length - 3), 'latin1')
    if (end < 0 || end > MOST_HEAD_BYTES) {
      this.#begun = all
      return all.length <= MOST_HEAD_BYTES
    }
    const head = readResponseHead(all.toString('latin1', 0, end), this.#method)
    if (head === undefined) return false
    const rest = all.subarray(end + END_OF_HEAD.length)
    this.#begun = NOTHING
    return head.status < 200 && head.status !== 101 ? this.#passInterim(rest) : this.#begin(head, rest)
  }

  /** Interim answers concern this connection alone; nobody has to be told (RFC 9110 §15.2). */
  #passInterim(rest: Buffer): boolean {
    return rest.length === 0 || this.#readHead(rest)
  }

  #begin(head: ResponseHead, rest: Buffer): boolean {
    this.#head = head
    this.#left = typeof head.length === 'number' ? head.length : Infinity
    this.#chunks = head.length === 'chunked' ? new ChunkReader() : undefined
    this.#listener.head(head)
    if (head.status === 101 || this.#left === 0) return this.#end(rest)
    return rest.length === 0 || this.#readBody(rest)
  }

  #readBody(bytes: Buffer): boolean {
    if (this.#chunks !== undefined) return this.#readChunks(this.#chunks, bytes)
    if (bytes.length < this.#left) {
      this.#left -= bytes.length
      this.#listener.data(bytes)
      return true
    }
    const left = this.#left
    this.#listener.data(left === bytes.length ? bytes : bytes.subarray(0, left))
    return this.#end(left === bytes.length ? NOTHING : bytes.subarray(left))
  }

  #readChunks(chunks: ChunkReader, bytes: Buffer): boolean {
    const rest = chunks.read(bytes, (data) => this.#listener.data(data))
    if (rest === 'garbled') return false
    return rest === undefined || this.#end(rest)
  }

  #end(rest: Buffer): boolean {
    this.#listener.end(rest)
    return true
  }
}
