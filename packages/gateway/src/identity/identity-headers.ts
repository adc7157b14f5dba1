import type { Identity } from '@counterfoil/verifier'

/** What services learn about the caller; whatever a client sends under these names never reaches one. */
const NAMES: ReadonlySet<string> = new Set(['x-account-id', 'x-session-id', 'x-client-id', 'x-roles', 'x-access-token'])

/**
 * Whether services could take a header for one of ours. Many turn `-` and `_` into one another (RFC 3875 §4.1.18), so that the two are the same
 * here. `name` is in lower case.
 */
export function isIdentityHeader(name: string): boolean {
  if (!name.startsWith('x-') && !name.startsWith('x_')) return false
  return NAMES.has(name.includes('_') ? name.replaceAll('_', '-') : name)
}

/** Roles as one header: a comma between them, and whatever is no visible ASCII percent-encoded. */
function rolesHeader(roles: readonly string[]): string {
  return roles.map((role) => encodeURIComponent(role.toWellFormed())).join(',')
}

/** Who calls, as headers: names and values in turn. */
export function identityHeaders(identity: Identity): string[] {
  const { accountId, sessionId, applicationId, roles } = identity
  return [
    'x-account-id',
    accountId,
    'x-session-id',
    sessionId,
    'x-client-id',
    encodeURIComponent(applicationId),
    'x-roles',
    rolesHeader(roles),
  ]
}
