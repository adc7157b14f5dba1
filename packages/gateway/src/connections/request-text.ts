import type { ServiceRequest } from './service-call.ts'

/** How the body of a request is delimited: bytes, or in chunks. */
export interface RequestText {
  readonly text: string
  readonly length: number | 'chunked'
}

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const TARGET = /^[\x21-\x7e\x80-\xff]+$/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Methods that are told the length of their body, also where there is none (RFC 9110 §8.6). */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/**
 * The head of a request as it goes over the wire, in Latin-1; undefined when it cannot: whatever could end a line early would be a request of
 * somebody else's making (RFC 9112 §11.1). HTTP/2 lets more through than HTTP/1.1 can say.
 */
export function writeRequestHead(request: ServiceRequest): RequestText | undefined {
  const { method, target, headers, body, upgrades } = request
  if (!METHOD.test(method) || !TARGET.test(target)) return undefined
  let text = `${method} ${target} HTTP/1.1\r\n`
  let length: string | undefined
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    const value = headers[at + 1] ?? ''
    if (!NAME.test(name) || !VALUE.test(value)) return undefined
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== undefined || !/^\d{1,15}$/.test(value)) return undefined
      length = value
    }
    text += `${name}: ${value}\r\n`
  }
  if (body === undefined && length !== undefined && length !== '0') return undefined
  text += upgrades === true ? 'connection: Upgrade\r\nupgrade: websocket\r\n' : 'connection: keep-alive\r\n'
  if (body !== undefined && length === undefined)
    return { text: `${text}transfer-encoding: chunked\r\n\r\n`, length: 'chunked' }
  if (length === undefined && WITH_BODY.has(method)) text += 'content-length: 0\r\n'
  return { text: `${text}\r\n`, length: Number(length ?? 0) }
}
