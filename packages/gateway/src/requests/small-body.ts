import type { Readable } from 'node:stream'

/** What signing in takes, many times over. */
const MOST_BYTES = 16_384

/** The text of a small body; undefined when it is too large, no UTF-8, or broken off. */
export async function readSmallBody(request: Readable): Promise<string | undefined> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of request) {
      const bytes = Buffer.from(part as Uint8Array)
      size += bytes.length
      if (size > MOST_BYTES) return undefined
      parts.push(bytes)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
  } catch {
    return undefined
  }
}
