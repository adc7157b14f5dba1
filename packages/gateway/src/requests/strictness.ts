import type { Head } from './head.ts'

/** The members of a request that are looked at, besides its headers. */
export interface RequestLine {
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/** A host, and a port where there is one: no user, no path, no list (RFC 9110 §7.2). */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** A request that is understood in one way only, or what is wrong with it. */
export type Strictness = { readonly host: string; readonly target: string } | { readonly fault: string }

/**
 * Refuses what the parser of Node lets through and the next one may read otherwise: the beginnings of request smuggling (RFC 9112 §11.2). The
 * parser itself refuses conflicting lengths, folded lines, bare CR and LF, NUL, and blanks around names.
 */
export function readStrictly(line: RequestLine, head: Head): Strictness {
  const { httpVersionMajor: major, httpVersionMinor: minor } = line
  const { host, hosts, coding } = head
  if (head.isHttp2 ? major !== 2 : major !== 1 || minor > 1)
    return { fault: 'This version of HTTP is not spoken here.' }
  if (host === undefined || hosts !== 1 || !HOST.test(host)) return { fault: 'A request has one Host.' }
  if (coding !== undefined) {
    if (head.codings > 1 || coding.toLowerCase() !== 'chunked')
      return { fault: 'Transfer-Encoding is chunked, or not there.' }
    if (head.isHttp2 || minor !== 1 || head.length !== undefined || isWebSocket(head))
      return { fault: 'Transfer-Encoding does not go with this.' }
  }
  return readTarget(line, host)
}

/** Whether a connection is to become a WebSocket (RFC 6455 §4.1). Other upgrades are not taken up (RFC 9110 §7.8). */
export function isWebSocket({ upgrade }: Pick<Head, 'upgrade'>): boolean {
  return upgrade?.toLowerCase() === 'websocket'
}

/** The path and query; of a whole URL only where it is this host's (RFC 9112 §3.2.2). */
function readTarget({ url = '', method }: RequestLine, host: string): Strictness {
  if (url.startsWith('/')) return { host, target: url }
  if (url === '*' && method === 'OPTIONS') return { fault: 'OPTIONS * is not passed on.' }
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url)
  const [, authority = '', rest = ''] = absolute ?? []
  if (absolute === null || authority.toLowerCase() !== host.toLowerCase())
    return { fault: 'The request target is a path.' }
  return { host, target: rest.startsWith('/') ? rest : `/${rest}` }
}

/** A host as routes are chosen by it: without port, in lower case. */
export function hostnameOf(host: string): string {
  const colon = host.startsWith('[') ? host.indexOf(':', host.indexOf(']')) : host.indexOf(':')
  const name = (colon < 0 ? host : host.slice(0, colon)).toLowerCase()
  return name.endsWith('.') ? name.slice(0, -1) : name
}
