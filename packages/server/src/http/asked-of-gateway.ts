import type { IncomingMessage } from 'node:http'
import type { ServerContext } from '../context.ts'
import { countHeader } from './credentials.ts'
import type { Addressed } from './proof.ts'

const ADDRESS_HEADERS = ['x-forwarded-method', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-uri'] as const
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/** What is right, by what is wrong. */
const RIGHT = {
  nowhere: 'Tokens that are bound to a key are not taken here: gateway_origins lists no origin of a gateway.',
  untold:
    'The gateway must be one of trusted_proxies, and say by X-Forwarded-Method, -Proto, -Host and -Uri, each once, what was asked for.',
  elsewhere: 'X-Forwarded-Proto and -Host must be one of gateway_origins, and X-Forwarded-Uri begin with a slash.',
} as const

/**
 * What the client asked the gateway for, which is what its proof was made for. The address is known only where a trusted proxy says all of it, each part
 * once, at an origin that is listed: who may speak for a client's address is not believed by that alone about what was asked for.
 */
export function askedOfGateway(context: ServerContext, message: IncomingMessage): Addressed {
  const method = originalMethod(message)
  const unknown = (remedy: string): Addressed => ({ method, url: undefined, remedy })
  if (context.gatewayOrigins.length === 0) return unknown(RIGHT.nowhere)
  if (!isTold(context, message)) return unknown(RIGHT.untold)
  const [, protocol, host, uri] = ADDRESS_HEADERS.map((name) => String(message.headers[name]))
  const origin = originIn(protocol, host)
  if (origin === undefined || !context.gatewayOrigins.includes(origin) || uri?.startsWith('/') !== true)
    return unknown(RIGHT.elsewhere)
  return { method, url: origin + uri }
}

/** The method of the request that the gateway asks about. */
function originalMethod({ headers, method }: Pick<IncomingMessage, 'headers' | 'method'>): string {
  const told = headers['x-forwarded-method'] ?? headers['x-original-method']
  const original = typeof told === 'string' ? told : told?.[0]
  return (original ?? method ?? 'GET').trim().toUpperCase()
}

function isTold({ trusts }: ServerContext, { rawHeaders, socket }: IncomingMessage): boolean {
  const isWhole = ADDRESS_HEADERS.every((name) => countHeader(rawHeaders, name) === 1)
  return isWhole && socket.remoteAddress !== undefined && trusts(socket.remoteAddress)
}

/** The origin that a scheme and a host make, if they are no more than that. */
function originIn(protocol = '', host = ''): string | undefined {
  const text = `${protocol}://${host}`
  return /^https?$/i.test(protocol) && HOST.test(host) && URL.canParse(text) ? new URL(text).origin : undefined
}
