import { problem } from './answers.ts'
import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { clientAddress, plainAddress } from './headers/trusted-proxies.ts'
import { readTrace, type Trace } from './observe/trace.ts'
import type { GatewaySettings } from './options.ts'
import type { Head } from './requests/head.ts'
import { hostnameOf, readStrictly, type RequestLine } from './requests/strictness.ts'
import { readRoutePath } from './routes/path.ts'
import type { Route } from './settings.ts'

/** Where a request goes. */
export interface Place {
  readonly route: Route
  readonly method: string
  /** Path and query, as they came. */
  readonly target: string
  readonly host: string
  readonly trace: Trace
  /** The client's address, as far as proxies are trusted. */
  readonly client: string
}

/** The members of a request that say where it goes. */
export interface PlacedRequest extends RequestLine {
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Browsers sign in and out here. */
export interface SessionPlace {
  readonly isSession: true
  readonly method: string
  readonly client: string
}

/** Finds out where a request goes, or why it goes nowhere. */
export function findPlace(
  request: PlacedRequest,
  head: Head,
  settings: GatewaySettings,
): Place | SessionPlace | { readonly answer: ReadyAnswer } {
  const strict = readStrictly(request, head)
  if ('fault' in strict) return { answer: problem('bad_request', { detail: strict.fault }) }
  const { host, target } = strict
  const path = readRoutePath(target)
  if (path === undefined)
    return { answer: problem('bad_request', { detail: 'The path could be read in more than one way.' }) }
  const method = request.method ?? 'GET'
  const peer = plainAddress(request.socket.remoteAddress ?? '')
  const client = clientAddress(peer, head.forwardedFor, settings.trusts)
  if (settings.browser !== undefined && path.text === settings.sessionPath) return { isSession: true, method, client }
  const own = settings.ownAnswer(path.text, method)
  if (own !== undefined) return { answer: own }
  const name = hostnameOf(host)
  const route = settings.table.find(name, path, method)
  if (route === 'none') return { answer: problem('no_route') }
  if (route === 'method')
    return { answer: problem('method_not_allowed', { allow: settings.table.allowed(name, path).join(', ') }) }
  if (route === 'ambiguous')
    return { answer: problem('bad_request', { detail: 'The path leads elsewhere in lower case.' }) }
  return { route, method, target, host, client, trace: readTrace(head.traceparent, settings.traceBytes) }
}
