import type { IncomingMessage } from 'node:http'

const SESSION = /(?:^|;\s*)__Host-session=([^;]+)/g

/**
 * Presents a session cookie as the header that the verifier reads. Browsers add cookies by themselves, so the page must be of the shop's origin. The API
 * sees the issuer's cookie only because both have one host name: cookies know no ports. Elsewhere, put the API behind the gateway.
 */
export function presentCookie(request: IncomingMessage, origin: string): void {
  const { authorization, cookie = '' } = request.headers
  if (authorization !== undefined || request.headers.origin !== origin) return
  const found = [...cookie.matchAll(SESSION)]
  // Of two, nobody knows which is meant.
  if (found.length === 1) request.rawHeaders.push('authorization', `Bearer ${found[0]?.[1] ?? ''}`)
}
