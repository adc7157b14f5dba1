import type { Clock, PublicJwk } from '@counterfoil/core'
import type { AccessTokenClaims, ErrorCode } from '@counterfoil/protocol'
import { createVerifier, type Decision, type RefusalReason, type Verifier } from '@counterfoil/verifier'
import type { AccessTokenReader } from './context.ts'

/** What the readers of access tokens are made of. */
export interface AccessTokenParts {
  readonly issuer: string
  /** The upstreams that applications name in their audience. */
  readonly upstreams: readonly string[]
  readonly publicKeys: () => readonly PublicJwk[]
  readonly leewaySeconds: number
  readonly clock: Clock
}

/** Reads this issuer's own access tokens, by the same verifier that services use, with keys from memory. */
export function createAccessTokenReader(parts: AccessTokenParts): AccessTokenReader {
  const { issuer, upstreams, publicKeys, leewaySeconds, clock } = parts
  const common = { issuer, leewaySeconds, clock, jwks: { keys: publicKeys } }
  const own = createVerifier({ ...common, audience: issuer })
  // Asked for seldom, and for tokens that somebody else verifies: no use keeping them.
  const any = createVerifier({ ...common, audience: [...new Set([issuer, ...upstreams])], cache: { maxEntries: 0 } })
  return { readOwn: (token) => read(own, token), readAny: (token) => read(any, token) }
}

async function read(verifier: Verifier, token: string): Promise<AccessTokenClaims | ErrorCode> {
  // Whoever uses a token shows the proof with the request, which is checked there.
  return claimsOrCode(await verifier.verify(token, { proof: 'waived' }))
}

function claimsOrCode(decision: Decision): AccessTokenClaims | ErrorCode {
  switch (decision.outcome) {
    case 'accepted':
      // Only a session token holds none, and this verifier takes none.
      return decision.identity.claims ?? 'credential_untrusted'
    case 'refused':
      return codeOf(decision.reason)
    case 'unknown':
      return 'store_unavailable'
  }
}

function codeOf(reason: RefusalReason): ErrorCode {
  switch (reason) {
    case 'absent':
    case 'malformed':
      return 'credential_malformed'
    case 'expired':
      return 'credential_expired'
    default:
      return 'credential_untrusted'
  }
}
