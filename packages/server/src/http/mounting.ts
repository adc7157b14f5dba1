import { ROUTES } from '@counterfoil/protocol'

/**
 * Takes the path of the issuer URL off a request's, for servers behind a proxy that leaves it there; paths without it stay as they are.
 * The metadata of an issuer with a path is asked for with that path after the well-known one (RFC 8414 §3.1).
 */
export function stripIssuerPath(url: string, issuerPath: string): string {
  if (url.startsWith(`${issuerPath}/`)) return url.slice(issuerPath.length)
  const [path = '', ...query] = url.split('?')
  if (path === `${ROUTES.metadata}${issuerPath}`) return [ROUTES.metadata, ...query].join('?')
  return path === issuerPath ? ['/', ...query].join('?') : url
}
