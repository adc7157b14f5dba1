import type { ReadyAnswer } from '@counterfoil/verifier/answers'

const TITLES = {
  bad_request: [400, 'The request cannot be passed on: it could be read in more than one way.'],
  cross_origin: [403, 'A request with cookies must come from a page of this origin.'],
  no_route: [404, 'Nothing is served at this address.'],
  method_not_allowed: [405, 'This address does not take this method.'],
  request_timeout: [408, 'The request did not arrive in time.'],
  body_too_large: [413, 'The body is larger than is taken here.'],
  headers_too_large: [431, 'The headers are too large.'],
  internal: [500, 'Something went wrong here.'],
  upstream_unreachable: [502, 'The service behind this address cannot be reached.'],
  upstream_broken: [502, 'The service behind this address gave no answer that can be passed on.'],
  cannot_tell: [503, 'Cannot tell right now. You are still signed in; try again.'],
  draining: [503, 'This gateway is shutting down. Try again.'],
  upstream_slow: [504, 'The service behind this address did not answer in time.'],
} as const satisfies Record<string, readonly [status: number, title: string]>

/** A stable name of what went wrong at the gateway itself; those of decisions come from the verifier. */
export type GatewayErrorCode = keyof typeof TITLES

/** An answer of the gateway itself (RFC 9457). */
export function problem(
  code: GatewayErrorCode,
  more: { readonly detail?: string; readonly allow?: string } = {},
): ReadyAnswer {
  const [status, title] = TITLES[code]
  const { detail, allow } = more
  const body = { type: `urn:counterfoil:error:${code}`, title, status, code, ...(detail !== undefined && { detail }) }
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
      ...(allow !== undefined && { allow }),
      ...(status === 503 && { 'retry-after': '1' }),
    },
    body: JSON.stringify(body),
  }
}

/** Where to sign in, for a person who asked for a page. */
export function redirectTo(location: string): ReadyAnswer {
  return { status: 302, headers: { 'cache-control': 'no-store', location }, body: '' }
}

/** The same answer, with a cookie. */
export function withCookie(answer: ReadyAnswer, cookie: string): ReadyAnswer {
  return { ...answer, headers: { ...answer.headers, 'set-cookie': cookie } }
}
