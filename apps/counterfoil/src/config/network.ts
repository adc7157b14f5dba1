import { isIP, isIPv4, isIPv6 } from 'node:net'
import { SettingError } from './setting-error.ts'

/** Where the server waits for connections. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/** `host:port`, an IPv6 address in brackets. @throws {SettingError} */
export function readListen(text: string, place: string): Listen {
  const right = 'must be host:port, such as "127.0.0.1:7500" or "[::1]:7500"'
  const parts = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text)
  if (parts === null) throw new SettingError(place, right)
  const [, bracketed, plain = '', digits] = parts
  if (bracketed !== undefined && !isIPv6(bracketed))
    throw new SettingError(place, `${right}; in brackets is no address`)
  const port = Number(digits)
  if (port < 1 || port > 65_535) throw new SettingError(place, 'must have a port from 1 to 65535')
  return { host: bracketed ?? plain, port }
}

/** A listening address as `listen` is written. */
export function showListen({ host, port }: Listen): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether the name or address of a URL can only be this machine (RFC 6761 §6.3). */
export function isLoopback(hostname: string): boolean {
  if (hostname === '[::1]' || hostname === 'localhost' || hostname.endsWith('.localhost')) return true
  return isIPv4(hostname) && hostname.startsWith('127.')
}

/**
 * The issuer URL. RFC 8414 §2: no query, no fragment; tokens carry it to the letter, so it must be in its canonical form.
 *
 * @throws {SettingError}
 */
export function readIssuer(text: string, place: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new SettingError(place, 'must be a URL, such as "https://auth.example.com"')
  }
  if (url.username !== '' || url.password !== '') throw new SettingError(place, 'must have no user name or password')
  if (/[?#]/.test(text)) throw new SettingError(place, 'must have no query and no fragment')
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new SettingError(place, 'must begin with https:// (http:// is for the loopback only)')
  }
  if (text.endsWith('/')) throw new SettingError(place, 'must not end in a slash')
  const canonical = url.href.replace(/\/$/, '')
  if (canonical !== text) throw new SettingError(place, `must be in its canonical form: "${canonical}"`)
  return canonical
}

/** The issuer where none is given: this machine, at the port of `listen`. */
export function defaultIssuer({ port }: Listen): string {
  return new URL(`http://localhost:${port}`).origin
}

/** Addresses and ranges in CIDR notation (RFC 4632 §3.1). @throws {SettingError} */
export function readTrustedProxies(ranges: readonly string[], place: string): readonly string[] {
  for (const [at, range] of ranges.entries()) {
    const [address = '', length, ...rest] = range.split('/')
    const bits = isIP(address) === 4 ? 32 : 128
    const good = isIP(address) !== 0 && rest.length === 0 && (length === undefined || isLength(length, bits))
    if (!good) throw new SettingError(`${place}[${at}]`, 'must be an address or a range, such as "10.0.0.0/8" or "::1"')
    if (Number(length ?? bits) === 0)
      throw new SettingError(`${place}[${at}]`, 'would trust everybody: name your proxies')
  }
  return ranges
}

function isLength(text: string, bits: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= bits
}

/** Origins as browsers send them (RFC 6454 §7); one that a listener on the way can forge is refused. @throws {SettingError} */
export function readOrigins(origins: readonly string[], place: string): readonly string[] {
  for (const [at, origin] of origins.entries()) checkOrigin(origin, `${place}[${at}]`)
  return origins
}

function checkOrigin(text: string, place: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.origin !== text || !/^https?:$/.test(url.protocol)) {
    throw new SettingError(place, 'must be an origin and no more, such as "https://app.example.com"')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new SettingError(place, 'must begin with https:// (http:// is for the loopback only)')
  }
}
