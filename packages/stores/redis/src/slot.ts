/** How many slots the keys of a cluster fall into. */
const SLOT_COUNT = 16_384

const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

/** The slot of a key of ASCII characters: CRC16 (XMODEM) of what stands between the first braces, as the cluster specification has it. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const [from, to] = close > open + 1 ? [open + 1, close] : [0, key.length]
  let crc = 0
  for (let at = from; at < to; at++)
    crc = ((crc << 8) ^ (CRC16[((crc >> 8) ^ key.charCodeAt(at)) & 0xff] ?? 0)) & 0xffff
  return crc % SLOT_COUNT
}
