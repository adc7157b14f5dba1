import type { IncomingHttpHeaders } from 'node:http'
import type { Origin } from '@counterfoil/core'
import { clientAddress, type TrustsAddress } from './address.ts'
import type { FetchMetadata } from './cross-origin.ts'

/** What of a `User-Agent` is kept: enough for people to recognise their device. */
const USER_AGENT_LENGTH = 256

/** The members of a request that say where it comes from. */
export interface Sender {
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Where a request comes from, for throttling, lists and the audit log. */
export function originOf({ headers, socket }: Sender, trusts: TrustsAddress): Origin {
  const forwarded = headers['x-forwarded-for']
  const forwardedFor = typeof forwarded === 'string' ? forwarded : forwarded?.join(',')
  return {
    address: clientAddress(socket.remoteAddress, forwardedFor, trusts),
    userAgent: headers['user-agent']?.slice(0, USER_AGENT_LENGTH).toWellFormed(),
  }
}

/** What a browser says about where a request comes from. */
export function fetchMetadata({ headers }: Pick<Sender, 'headers'>): FetchMetadata {
  const site = headers['sec-fetch-site']
  return { site: typeof site === 'string' ? site.toLowerCase() : undefined, origin: headers.origin }
}
