import { FORWARDED } from '../headers/forwarded.ts'
import { HOP_BY_HOP } from '../headers/hop-by-hop.ts'
import { isIdentityHeader } from '../identity/identity-headers.ts'

/** The headers of a request, sorted once: what is decided by, and what goes on as it is. */
export interface Head {
  /** Whether it came as HTTP/2 has it, with pseudo-headers. */
  isHttp2: boolean
  host: string | undefined
  /** How many there are that differ, or are there twice. */
  hosts: number
  coding: string | undefined
  codings: number
  length: string | undefined
  authorization: readonly string[]
  /** Proofs of possession (`DPoP`, RFC 9449 §4.1). */
  proofs: readonly string[]
  cookies: readonly string[]
  connection: readonly string[]
  forwardedFor: string | undefined
  forwardedProto: string | undefined
  forwardedHost: string | undefined
  /** `Sec-Fetch-Site` and `Origin`: which page made the request. */
  site: string | undefined
  origin: string | undefined
  accept: string | undefined
  contentType: string | undefined
  userAgent: string | undefined
  /** `Sec-Fetch-Mode`: `navigate` when a person goes to a page. */
  mode: string | undefined
  traceparent: string | undefined
  upgrade: string | undefined
  /** Names and values in turn, of everything that is neither about this connection, nor about who calls, nor about how they came. */
  readonly passed: string[]
}

const NONE: readonly string[] = Object.freeze([])

type Take = (head: Head, name: string, value: string) => void

/** What becomes of a header, by its name in lower case. Headers that nothing is said of are passed on. */
const TAKES: ReadonlyMap<string, Take> = new Map<string, Take>([
  // Node has said `100 Continue` itself by now, and what would be upgraded to HTTP/2 ends here.
  ...[...HOP_BY_HOP, ...FORWARDED, 'expect', 'http2-settings'].map((name): [string, Take] => [name, () => undefined]),
  ['host', (head, _, value) => void ((head.host = value), head.hosts++)],
  ['content-length', keep('length', true)],
  ['authorization', gather('authorization')],
  ['dpop', gather('proofs')],
  ['cookie', gather('cookies')],
  ['connection', gather('connection')],
  [
    'transfer-encoding',
    (head, _, value) => {
      head.coding = value
      head.codings++
    },
  ],
  ['upgrade', keep('upgrade', false)],
  ['traceparent', keep('traceparent', false)],
  ['sec-fetch-site', keep('site', true)],
  ['origin', keep('origin', true)],
  ['accept', keep('accept', true)],
  ['content-type', keep('contentType', true)],
  ['user-agent', keep('userAgent', true)],
  ['sec-fetch-mode', keep('mode', true)],
  ['x-forwarded-for', (head, _, value) => void (head.forwardedFor = joined(head.forwardedFor, value))],
  ['x-forwarded-proto', keep('forwardedProto', false)],
  ['x-forwarded-host', keep('forwardedHost', false)],
])

/** Members that have the last value of a header. */
type KeptMember = { [Name in keyof Head]: Head[Name] extends string | undefined ? Name : never }[keyof Head]

function keep(member: KeptMember, passes: boolean): Take {
  return (head, name, value) => {
    head[member] = value
    if (passes) head.passed.push(name, value)
  }
}

function gather(member: 'authorization' | 'proofs' | 'cookies' | 'connection'): Take {
  return (head, _, value) => {
    head[member] = head[member].length === 0 ? [value] : [...head[member], value]
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}

/** Sorts the headers of a request, as they came: names and values in turn. */
export function readHead(rawHeaders: readonly string[]): Head {
  const head = emptyHead()
  let authority: string | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const value = rawHeaders[at + 1] ?? ''
    const lower = name.toLowerCase()
    const take = TAKES.get(lower)
    if (take !== undefined) take(head, name, value)
    else if (lower.startsWith(':')) authority = lower === ':authority' ? value : authority
    else if (!isOneOfOurs(lower)) head.passed.push(name, value)
  }
  if (authority !== undefined) joinAuthority(head, authority)
  return head
}

/** Identity headers, and forwarded ones that are spelt with `_`, which many services take for the same. */
function isOneOfOurs(lower: string): boolean {
  if (isIdentityHeader(lower)) return true
  return lower.includes('_') && FORWARDED.has(lower.replaceAll('_', '-'))
}

/** RFC 9113 §8.3.1: where `Host` is there too, it says the same. */
function joinAuthority(head: Head, authority: string): void {
  head.isHttp2 = true
  if (head.host !== undefined && head.host !== authority) head.hosts = 2
  head.host = authority
  head.hosts ||= 1
}

function emptyHead(): Head {
  return {
    isHttp2: false,
    host: undefined,
    hosts: 0,
    coding: undefined,
    codings: 0,
    length: undefined,
    authorization: NONE,
    proofs: NONE,
    cookies: NONE,
    connection: NONE,
    forwardedFor: undefined,
    forwardedProto: undefined,
    forwardedHost: undefined,
    site: undefined,
    origin: undefined,
    accept: undefined,
    contentType: undefined,
    userAgent: undefined,
    mode: undefined,
    traceparent: undefined,
    upgrade: undefined,
    passed: [],
  }
}
