/** Sizes, extensions and trailers are no longer than this. */
const MOST_LINE_BYTES = 4096
const MOST_TRAILER_BYTES = 16_384
/** RFC 9112 §7.1: a size, and extensions that nobody has to understand. At most 2^32 − 1 bytes. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/
const CR = 0x0d
const LF = 0x0a

type State = 'size' | 'data' | 'data end' | 'trailer'

/** Takes a body in chunks apart (RFC 9112 §7.1). Lines end in CRLF and in nothing else; trailers are dropped. */
export class ChunkReader {
  #state: State = 'size'
  /** What is there of a line that is not whole yet. */
  #line = ''
  #trailerBytes = 0
  #left = 0

  /** Takes what came, and hands on what is data. When the body is whole: what came after it; undefined while it is not. */
  read(bytes: Buffer, onData: (data: Buffer) => void): Buffer | 'garbled' | undefined {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const data = bytes.subarray(at, at + this.#left)
        at += data.length
        this.#left -= data.length
        if (this.#left === 0) this.#state = 'data end'
        onData(data)
        continue
      }
      const end = bytes.indexOf(LF, at)
      const piece = bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1)
      at += piece.length
      this.#line += piece
      if (this.#line.length > MOST_LINE_BYTES) return 'garbled'
      if (end < 0) return undefined
      const line = this.#line
      this.#line = ''
      if (line.charCodeAt(line.length - 2) !== CR) return 'garbled'
      const verdict = this.#take(line.slice(0, -2))
      if (verdict === 'garbled') return 'garbled'
      if (verdict === 'whole') return bytes.subarray(at)
    }
    return undefined
  }

  #take(line: string): 'garbled' | 'whole' | 'more' {
    switch (this.#state) {
      case 'data end':
        this.#state = 'size'
        return line === '' ? 'more' : 'garbled'
      case 'trailer':
        this.#trailerBytes += line.length
        if (line === '') return 'whole'
        return this.#trailerBytes > MOST_TRAILER_BYTES ? 'garbled' : 'more'
      default:
        return this.#takeSize(line)
    }
  }

  #takeSize(line: string): 'garbled' | 'more' {
    const size = SIZE_LINE.exec(line)?.[1]
    if (size === undefined) return 'garbled'
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailer' : 'data'
    return 'more'
  }
}
