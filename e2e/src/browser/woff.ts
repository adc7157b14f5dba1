import { inflateSync } from 'node:zlib'

/** Of the header of a WOFF 1.0 file (W3C WOFF File Format 1.0 §3), and of each entry of its table directory (§4). */
const HEADER_BYTES = 44
const ENTRY_BYTES = 20

interface Table {
  readonly tag: Buffer
  readonly checksum: number
  readonly data: Buffer
}

/** The OpenType font in a WOFF 1.0 file: fontconfig finds fonts of either kind, and Chromium draws with the first only. */
export function unpackWoff(woff: Buffer): Buffer {
  if (woff.toString('latin1', 0, 4) !== 'wOFF') throw new TypeError('this is no WOFF 1.0 file')
  const count = woff.readUInt16BE(12)
  const tables = Array.from({ length: count }, (_, at) => readTable(woff, HEADER_BYTES + at * ENTRY_BYTES))
  const head = Buffer.alloc(12 + 16 * count)
  writeHeader(head, woff.readUInt32BE(4), count)
  const bodies: Buffer[] = []
  let offset = head.length
  for (const [at, { tag, checksum, data }] of tables.entries()) {
    const entry = 12 + 16 * at
    tag.copy(head, entry)
    head.writeUInt32BE(checksum, entry + 4)
    head.writeUInt32BE(offset, entry + 8)
    head.writeUInt32BE(data.length, entry + 12)
    const padding = Buffer.alloc((4 - (data.length % 4)) % 4)
    bodies.push(data, padding)
    offset += data.length + padding.length
  }
  return Buffer.concat([head, ...bodies])
}

function readTable(woff: Buffer, at: number): Table {
  const [start, packed, length] = [4, 8, 12].map((more) => woff.readUInt32BE(at + more))
  const stored = woff.subarray(start, (start ?? 0) + (packed ?? 0))
  const data = packed === length ? stored : inflateSync(stored)
  return { tag: woff.subarray(at, at + 4), checksum: woff.readUInt32BE(at + 16), data }
}

/** OpenType §4.5: the numbers after the count are for readers that search. */
function writeHeader(head: Buffer, flavor: number, count: number): void {
  const power = Math.floor(Math.log2(count))
  head.writeUInt32BE(flavor, 0)
  head.writeUInt16BE(count, 4)
  head.writeUInt16BE(16 * 2 ** power, 6)
  head.writeUInt16BE(power, 8)
  head.writeUInt16BE(16 * count - 16 * 2 ** power, 10)
}
