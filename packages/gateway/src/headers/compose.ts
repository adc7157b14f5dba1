import type { Admission } from '../admission.ts'
import { BROWSER_COOKIE } from '../browser/cookie.ts'
import { identityHeaders } from '../identity/identity-headers.ts'
import type { GatewaySettings } from '../options.ts'
import type { Place } from '../place.ts'
import type { Head } from '../requests/head.ts'
import { forwardedHeaders } from './forwarded.ts'
import { outgoingHeaders } from './outgoing.ts'
import { plainAddress } from './trusted-proxies.ts'

/** Of no use to anybody else, and with it they could be the browser. */
const OWN_COOKIES: ReadonlySet<string> = new Set([BROWSER_COOKIE])

const NONE: readonly string[] = Object.freeze([])

type Admitted = Exclude<Admission, { answer: unknown }>

/** The headers with which a request goes on: what came, what the service is told of who calls and how they came, and the credential that it gets. */
export function composeHeaders(
  settings: Pick<GatewaySettings, 'trusts' | 'scheme' | 'upstreamTokens'>,
  { route, host, trace }: Place,
  head: Head,
  admitted: Admitted,
  remoteAddress: string,
): string[] {
  const { accepted } = admitted
  const peer = plainAddress(remoteAddress)
  const told = settings.trusts(peer)
    ? { for: head.forwardedFor, scheme: head.forwardedProto, host: head.forwardedHost }
    : undefined
  return outgoingHeaders(head, {
    host,
    forwarded: forwardedHeaders({ peer, scheme: settings.scheme, host, told }),
    identity: accepted === undefined ? [] : identityHeaders(accepted.identity),
    authorization: credentialFor(settings, route, admitted),
    traceparent: trace.traceparent,
    // Made for the address of the gateway: a service that is told that origin can check it once more.
    proofs: route.isPublic || route.identity === 'access_token' ? head.proofs : NONE,
    keepsCredentials: route.isPublic,
    ownCookies: OWN_COOKIES,
  })
}

function credentialFor(
  { upstreamTokens }: Pick<GatewaySettings, 'upstreamTokens'>,
  { identity, upstreamAudience }: Place['route'],
  { accepted, presented }: Admitted,
): string | undefined {
  if (accepted === undefined) return undefined
  if (identity === 'upstream_token' && upstreamTokens !== undefined && upstreamAudience !== undefined)
    return `Bearer ${upstreamTokens.mint(accepted.identity, upstreamAudience)}`
  // A session token opens every door: it goes no further. It has no claims.
  const isAccessToken = accepted.identity.claims !== undefined
  return identity === 'access_token' && isAccessToken && presented !== undefined
    ? `${presented.scheme} ${presented.text}`
    : undefined
}
