/** Headers that say for whom a proxy speaks. From anybody else they are hearsay. In lower case. */
export const FORWARDED: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-method',
  'x-forwarded-uri',
  'x-forwarded-server',
  'x-forwarded-prefix',
  'x-real-ip',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
])

/** How a request came in. */
export interface Arrival {
  /** The address of the peer. */
  readonly peer: string
  readonly scheme: 'http' | 'https'
  readonly host: string
  /** What a proxy said, where it is trusted; undefined where nobody is. */
  readonly told:
    | { readonly for?: string | undefined; readonly scheme?: string | undefined; readonly host?: string | undefined }
    | undefined
}

/** What services are told of how a request came in: names and values in turn. `Forwarded` as RFC 7239 has it, and what came before it. */
export function forwardedHeaders({ peer, scheme, host, told }: Arrival): string[] {
  const hops = told?.for === undefined ? peer : `${told.for}, ${peer}`
  const seenScheme = told?.scheme === 'https' || told?.scheme === 'http' ? told.scheme : scheme
  const seenHost = told?.host ?? host
  const headers = ['x-forwarded-for', hops, 'x-forwarded-proto', seenScheme, 'x-forwarded-host', seenHost]
  if (told === undefined) headers.push('forwarded', `for=${quoted(peer)};host=${quotedHost(host)};proto=${scheme}`)
  return headers
}

/** RFC 7239 §6: an IPv6 address stands in brackets, and both in quotes. */
function quoted(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address
}

function quotedHost(host: string): string {
  return /^[A-Za-z0-9.-]+$/.test(host) ? host : `"${host}"`
}
