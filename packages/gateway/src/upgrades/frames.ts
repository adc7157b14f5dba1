/** Follows WebSocket frames as they go by, to know when one is over (RFC 6455 §5.2). */
export class FrameBoundary {
  /** What is left of the present frame's payload. */
  #left = 0
  /** The beginning of a header that is not whole yet. */
  #head: Buffer = Buffer.alloc(0)

  /** Whether nothing of a frame has begun: another one may be put here. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#head.length === 0
  }

  follow(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) at += this.followOne(chunk.subarray(at))
  }

  /** Follows to the end of one frame, and no further: how many bytes that were. */
  followOne(chunk: Buffer): number {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, rest.length)
        this.#left -= taken
        rest = rest.subarray(taken)
        if (this.#left === 0) break
        continue
      }
      const head = this.#head.length === 0 ? rest : Buffer.concat([this.#head, rest])
      const size = headerSize(head)
      if (size === undefined || head.length < size) {
        this.#head = Buffer.from(head)
        return chunk.length
      }
      rest = head.subarray(size)
      this.#head = Buffer.alloc(0)
      this.#left = payloadSize(head)
      if (this.#left === 0) break
    }
    return chunk.length - rest.length
  }
}

function headerSize(head: Buffer): number | undefined {
  const second = head[1]
  if (second === undefined) return undefined
  const length = second & 0x7f
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second >= 0x80 ? 4 : 0)
}

function payloadSize(head: Buffer): number {
  const length = (head[1] ?? 0) & 0x7f
  if (length === 126) return head.readUInt16BE(2)
  return length === 127 ? Number(head.readBigUInt64BE(2)) : length
}

/** A frame that closes, as a server sends it: a code, and why (RFC 6455 §5.5.1). */
export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason)
  const frame = Buffer.alloc(4 + text.length)
  frame[0] = 0x88
  frame[1] = 2 + text.length
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}
