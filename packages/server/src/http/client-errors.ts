import type { Socket } from 'node:net'
import { errorStatus, type ErrorCode } from '@counterfoil/protocol'
import type { ConnectionError } from 'fastify'
import { PROBLEM_TYPE, problemOf } from './problems.ts'

const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** Answers what is not HTTP, or not in time or size. There is no request yet, so it is written to the socket by hand. */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) socket.write(rawProblem(CODES[error.code] ?? 'invalid_request'))
  socket.destroy(error)
}

/** An error as a whole HTTP/1.1 message. */
function rawProblem(code: ErrorCode): string {
  const body = JSON.stringify(problemOf({ code }))
  const head = [
    `HTTP/1.1 ${errorStatus(code)} ${code}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
