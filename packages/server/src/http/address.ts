import ipaddr from 'ipaddr.js'

/** Whether an address, in canonical form, is one of the operator's proxies. */
export type TrustsAddress = (address: string) => boolean

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/** An address in canonical form (IPv4 inside IPv6 unwrapped, no zone), or undefined when it is none. */
function canonicalAddress(text: string): string | undefined {
  const [plain = ''] = text.split('%')
  return ipaddr.isValid(plain) ? ipaddr.process(plain).toString() : undefined
}

/**
 * Knows the operator's proxies by address or by range in CIDR notation (RFC 4632 §3.1).
 *
 * @throws {TypeError} for an entry that is neither, or that trusts everybody.
 */
export function trustProxies(entries: readonly string[]): TrustsAddress {
  const ranges = entries.map(readRange)
  return (address) => {
    if (ranges.length === 0 || !ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits))
  }
}

function readRange(entry: string): Range {
  const range = parseRange(entry)
  if (range === undefined) throw new TypeError(`trustedProxies: ${entry} is neither an address nor a CIDR range`)
  if (range[1] === 0) throw new TypeError(`trustedProxies: ${entry} trusts everybody`)
  return range
}

function parseRange(entry: string): Range | undefined {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
  if (!ipaddr.isValid(entry)) return undefined
  const address = ipaddr.process(entry)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/**
 * The client's address: `X-Forwarded-For` read from the right as long as those who wrote it are trusted (ASVS 15.3.4), else the
 * peer's. `Forwarded` is not read: a proxy that writes one of the two passes the client's own word on in the other.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusts: TrustsAddress,
): string | undefined {
  let nearest = peer === undefined ? undefined : canonicalAddress(peer)
  if (nearest === undefined || forwardedFor === undefined) return nearest
  for (const hop of forwardedFor.split(',').toReversed()) {
    if (!trusts(nearest)) return nearest
    const further = canonicalAddress(withoutPort(hop.trim()))
    if (further === undefined) return nearest
    nearest = further
  }
  return nearest
}

function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)
  if (bracketed?.[1] !== undefined) return bracketed[1]
  return /^[\d.]+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(':')) : hop
}
