import { isIPv4, isIPv6 } from 'node:net'

/** Leading words of the two ranges that carry an IPv4 address in their last 32 bits. */
const IPV4_MAPPED = '0:0:0:0:0:ffff'
const NAT64 = '64:ff9b:0:0:0:0'

/**
 * The name of the addresses that are in one hand. An IPv4 address stands for itself, also when it comes as an IPv4-mapped
 * one (RFC 4291 2.5.5.2) or translated (RFC 6052 2.1); of an IPv6 address the first 64 bits count, because whoever has one
 * address of a subnet has the rest. What is absent or no address is one group, `unknown`.
 *
 * @example
 * addressGroup('2001:db8::7') // '2001:db8:0:0::/64'
 */
export function addressGroup(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  if (isIPv4(address)) return address
  if (!isIPv6(address)) return 'unknown'
  const words = wordsOf(withoutZone(address))
  const lead = textOf(words.slice(0, 6))
  if (lead === IPV4_MAPPED || lead === NAT64) return dotted(words.slice(6))
  return `${textOf(words.slice(0, 4))}::/64`
}

/** Without the interface that a link-local address is of (RFC 4007 11). */
function withoutZone(address: string): string {
  const at = address.indexOf('%')
  return at === -1 ? address : address.slice(0, at)
}

/** The eight words of a valid IPv6 address. */
function wordsOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const before = partOf(head)
  if (tail === undefined) return before
  const after = partOf(tail)
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function partOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((word) => (word.includes('.') ? wordsOfDotted(word) : [Number.parseInt(word, 16)]))
}

function wordsOfDotted(text: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

function textOf(words: readonly number[]): string {
  return words.map((word) => word.toString(16)).join(':')
}

function dotted(words: readonly number[]): string {
  return words.flatMap((word) => [word >>> 8, word & 255]).join('.')
}
