import { BlockList, isIP } from 'node:net'

/** Whether an address is one of the operator's proxies. */
export type TrustsAddress = (address: string) => boolean

/**
 * Knows the operator's proxies by address or range in CIDR notation (RFC 4632 §3.1).
 *
 * @throws {TypeError} for an entry that is neither, or that trusts everybody.
 */
export function trustProxies(entries: readonly string[]): TrustsAddress {
  if (entries.length === 0) return () => false
  const list = new BlockList()
  for (const [at, entry] of entries.entries()) {
    const [address = '', length, ...rest] = entry.split('/')
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1
    if (version === 0 || rest.length > 0 || bits < 0 || bits > most)
      throw new TypeError(`trustedProxies[${at}] is neither an address nor a range, such as "10.0.0.0/8"`)
    if (bits === 0) throw new TypeError(`trustedProxies[${at}] trusts everybody: name your proxies`)
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6')
  }
  return (address) => {
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** An address without the IPv6 form that IPv4 has on a socket for both (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** The client's address: `X-Forwarded-For` from the right, for as long as those who wrote it are trusted (ASVS 15.3.4). */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusts: TrustsAddress): string {
  let nearest = peer
  for (const hop of forwardedFor?.split(',').toReversed() ?? []) {
    if (!trusts(nearest)) break
    const further = plainAddress(withoutPort(hop.trim()))
    if (isIP(further) === 0) break
    nearest = further
  }
  return nearest
}

function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)
  if (bracketed?.[1] !== undefined) return bracketed[1]
  return /^[\d.]+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(':')) : hop
}
