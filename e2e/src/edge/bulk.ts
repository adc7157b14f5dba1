import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** 1 MiB, of which no part is like its neighbour. */
const PIECE = Buffer.from(
  Uint8Array.from({ length: 1 << 20 }, (_, at) => (at * 31 + (at >>> 8) * 7 + (at >>> 16)) & 255),
)

export const PIECE_BYTES = PIECE.length

/** SHA-256 of so many pieces, one after the other. */
export const DIGESTS = {
  1: '8a6fbc126c322218d1b2141b213b70bae648f5a974e013cda71c6e33e3881a8f',
  64: '16245d28325d7945fa6a1ad545012e5a7f3465a989b815ad8a04924273cf7107',
  256: 'bd313e0930fc93519398a1f5197884ecc58215f92c78d2dd7fac12788549d404',
  1024: '169785cd65a1f72093943ea13aaeec7e957299cc4f4e78c556aca98e025f02cb',
} as const

/** Writes so many pieces, as fast as they are taken, and ends; `onWritten` is told the bytes so far. */
export async function writePieces(
  to: Writable,
  count: number,
  onWritten: (bytes: number) => void = () => undefined,
): Promise<void> {
  for (let at = 1; at <= count; at++) {
    const goesOn = to.write(PIECE)
    onWritten(at * PIECE_BYTES)
    if (!goesOn) await once(to, 'drain')
  }
  to.end()
}

/** Reads to the end; SHA-256 of what came. */
export async function digestOf(body: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of body) hash.update(part as Buffer)
  return hash.digest('hex')
}

/** Resolves when a figure has not changed for a while: nothing moves any more. */
export async function settled(read: () => number): Promise<number> {
  for (let before = read(); ;) {
    await new Promise((resolve) => setTimeout(resolve, 400))
    const now = read()
    if (now === before && now > 0) return now
    before = now
  }
}
