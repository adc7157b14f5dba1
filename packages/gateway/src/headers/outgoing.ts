import { SESSION_COOKIE } from '@counterfoil/protocol'
import { withoutCookies } from '../identity/credential.ts'
import type { Head } from '../requests/head.ts'
import { namedByConnection } from './hop-by-hop.ts'

/** What goes to a service with a request, besides what came with it. */
export interface Additions {
  readonly host: string
  /** Names and values in turn. */
  readonly forwarded: readonly string[]
  readonly identity: readonly string[]
  /** What takes the place of the client's credential. */
  readonly authorization: string | undefined
  /** Undefined: the service is not the gateway's to trace. */
  readonly traceparent: string | undefined
  /** Of possession, that go on with the credential. */
  readonly proofs: readonly string[]
  /** Cookies that stay here, besides the session's. */
  readonly ownCookies?: ReadonlySet<string> | undefined
  /** Whether the credentials stay in the request: a public route, whose service looks at them itself. */
  readonly keepsCredentials: boolean
}

const SESSION_COOKIES: ReadonlySet<string> = new Set([SESSION_COOKIE])

/** The headers of a request to a service: names and values in turn. What `Connection` names stays behind (RFC 9110 §7.6.1). */
export function outgoingHeaders(head: Head, additions: Additions): string[] {
  const { host, forwarded, identity, authorization, proofs, traceparent } = additions
  const named = head.connection.length === 0 ? undefined : namedByConnection(head.connection)
  const headers = ['host', host]
  const { passed } = head
  for (let at = 0; at < passed.length; at += 2) {
    const name = passed[at] ?? ''
    if (named === undefined || !named.has(name.toLowerCase())) headers.push(name, passed[at + 1] ?? '')
  }
  addCredentials(headers, head, additions)
  if (authorization !== undefined) headers.push('authorization', authorization)
  for (const proof of proofs) headers.push('dpop', proof)
  if (traceparent !== undefined) headers.push('traceparent', traceparent)
  headers.push(...forwarded, ...identity)
  return headers
}

function addCredentials(headers: string[], head: Head, { keepsCredentials, ownCookies }: Additions): void {
  if (keepsCredentials) for (const value of head.authorization) headers.push('authorization', value)
  for (const cookie of head.cookies) {
    let kept: string | undefined = keepsCredentials ? cookie : withoutCookies(cookie, SESSION_COOKIES)
    if (kept !== undefined && ownCookies !== undefined) kept = withoutCookies(kept, ownCookies)
    if (kept !== undefined) headers.push('cookie', kept)
  }
}
