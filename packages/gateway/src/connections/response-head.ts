import { HOP_BY_HOP, namedByConnection } from '../headers/hop-by-hop.ts'

/** The head of an answer, as far as it goes on, and how its body is delimited. */
export interface ResponseHead {
  readonly status: number
  /** Names and values in turn, without those about the connection to the service. */
  readonly headers: string[]
  /** Bytes of the body; `chunked`; or `close`, when the end of the connection is its end too. */
  readonly length: number | 'chunked' | 'close'
  /** Whether another request may follow on the connection. */
  readonly persists: boolean
  /** For how long the service keeps it, in seconds, where it says so. */
  readonly keptSeconds: number | undefined
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const KEPT = /(?:^|[,\s])timeout=(\d{1,6})/i

/** What decides about the body and the connection. */
interface Framing {
  length: string | undefined
  coding: string | undefined
  connection: string[] | undefined
  keepAlive: string | undefined
}

/**
 * Reads the head of an answer, without the empty line at its end; undefined for whatever could be read in more than one way: another version,
 * folded lines, blanks before a colon, lengths that differ, a length beside a coding, any coding but `chunked` (RFC 9112 §5.1, §5.2, §6.3).
 */
export function readResponseHead(text: string, method: string): ResponseHead | undefined {
  const lines = text.split('\r\n')
  const line = STATUS_LINE.exec(lines[0] ?? '')
  if (line === null) return undefined
  const headers: string[] = []
  const framing: Framing = { length: undefined, coding: undefined, connection: undefined, keepAlive: undefined }
  for (let at = 1; at < lines.length; at++) if (!readField(lines[at] ?? '', headers, framing)) return undefined
  const isOld = line[1] === '0'
  const status = Number(line[2])
  const { connection, keepAlive } = framing
  const length = lengthOf(framing, { status, method, isOld })
  if (length === undefined) return undefined
  return {
    status,
    headers: connection === undefined ? headers : withoutNamed(headers, connection),
    length,
    persists: length !== 'close' && staysOpen(connection, isOld),
    keptSeconds: keepAlive === undefined ? undefined : readKept(keepAlive),
  }
}

/** One field line; false when it is none. */
function readField(line: string, headers: string[], framing: Framing): boolean {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  const value = line.slice(colon + 1).trim()
  if (!NAME.test(name) || !VALUE.test(value)) return false
  const lower = name.toLowerCase()
  if (lower === 'content-length') {
    if (framing.length !== undefined && framing.length !== value) return false
    // Of two that agree one is enough.
    if (framing.length === undefined) headers.push(name, value)
    framing.length = value
  } else if (!HOP_BY_HOP.has(lower)) headers.push(name, value)
  else if (lower === 'connection') (framing.connection ??= []).push(value)
  else if (lower === 'keep-alive') framing.keepAlive = value
  else if (lower === 'transfer-encoding')
    framing.coding = framing.coding === undefined ? value : `${framing.coding},${value}`
  return true
}

interface Answered {
  readonly status: number
  readonly method: string
  readonly isOld: boolean
}

/** RFC 9112 §6.3; undefined when it contradicts itself. */
function lengthOf(
  { length, coding }: Framing,
  { status, method, isOld }: Answered,
): ResponseHead['length'] | undefined {
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined
  if (coding !== undefined && (isOld || length !== undefined || coding.toLowerCase() !== 'chunked')) return undefined
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0
  if (coding !== undefined) return 'chunked'
  return length === undefined ? 'close' : Number(length)
}

/** RFC 9112 §9.3. */
function staysOpen(connection: readonly string[] | undefined, isOld: boolean): boolean {
  const options = connection?.join(',').toLowerCase() ?? ''
  return isOld ? /\bkeep-alive\b/.test(options) : !/\bclose\b/.test(options)
}

function readKept(value: string): number | undefined {
  const seconds = KEPT.exec(value)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

function withoutNamed(headers: string[], connection: readonly string[]): string[] {
  const named = namedByConnection(connection)
  return named === undefined
    ? headers
    : headers.filter((_, at) => !named.has((headers[at - (at % 2)] ?? '').toLowerCase()))
}
