import { SocketAddress } from 'node:net'

/**
 * Addresses that are in one hand: an IPv4 address stands for itself, also in IPv6 clothes; of an IPv6 address the first 64 bits
 * count, because whoever has one has the rest. What is no address, or not known, is one group.
 */
export function addressGroup(address: string | undefined): string {
  const bare = address?.replace(/%.*$/u, '') ?? ''
  const ipv4 = parse(bare, 'ipv4')
  if (ipv4 !== undefined) return ipv4
  const ipv6 = parse(bare, 'ipv6')
  if (ipv6 === undefined) return 'unknown'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/u.exec(ipv6)?.[1]
  return mapped ?? `${wordsOf(ipv6).slice(0, 4).join(':')}::/64`
}

function parse(address: string, family: 'ipv4' | 'ipv6'): string | undefined {
  try {
    return new SocketAddress({ address, family }).address
  } catch {
    return undefined
  }
}

/** The eight words of an IPv6 address in its canonical text. */
function wordsOf(address: string): string[] {
  const [head = '', tail = ''] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  if (!address.includes('::')) return before
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
}
