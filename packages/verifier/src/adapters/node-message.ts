import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { PROOF_HEADER } from '@counterfoil/protocol'
import type { Presented, ReadyAnswer } from './authenticate.ts'

/** What a request of Node tells of who sent it. */
export function presentedBy(request: IncomingMessage): Presented {
  const { method = 'GET', url = '/', rawHeaders } = request
  const [path = '/'] = url.split('?', 1)
  // Node shows the first of several; the raw list has them all.
  return {
    method,
    path,
    authorization: valuesOf(rawHeaders, 'authorization'),
    proofs: valuesOf(rawHeaders, PROOF_HEADER),
  }
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
}

/** Sends an answer, and says that there is nothing left to do. */
export function send(response: ServerResponse, { status, headers, body }: ReadyAnswer): false {
  response.writeHead(status, headers).end(body)
  return false
}

/** Sends an answer on a connection that was about to become something else, and closes it, whatever the other side does. */
export function sendRaw(socket: Duplex, { status, headers, body }: ReadyAnswer): void {
  const sized = status === 204 ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ ...sized, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${String(status)} \r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
}
