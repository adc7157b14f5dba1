import { isJwsAlgorithm, type JwsAlgorithm } from './algorithms.ts'
import { selectEngine } from './select-engine.ts'
import type { EngineName } from './engine.ts'
import type { Eventually } from './eventually.ts'
import type { Jwk } from './jwk.ts'
import { readKeyRing, type JwkSet, type VerificationKey } from './key-ring.ts'
import { parseJws, type JoseHeader, type Jws } from './jws.ts'

/** What a JWS turned out to be. */
export type JwsResult =
  | { readonly outcome: 'verified'; readonly header: JoseHeader; readonly payload: Uint8Array }
  | { readonly outcome: 'refused'; readonly reason: 'malformed' | 'untrusted' }

/** How to verify a JWS. */
export interface VerifyJwsOptions {
  /** Default: every asymmetric algorithm of RFC 7518 and EdDSA with Ed25519. */
  readonly algorithms?: readonly JwsAlgorithm[]
  /** Default: `node` on Node, `web` elsewhere. */
  readonly engine?: EngineName
}

/** Whether the key signed this JWS. The key's one algorithm is the only one tried (RFC 8725 §3.1). */
export function isSignedBy(key: VerificationKey, jws: Jws): Eventually<boolean> {
  return key.algorithm === jws.header.alg && key.check(jws)
}

/**
 * Verifies a JWS in compact serialization (RFC 7515 §5.2) against a set of public keys, and says nothing about what is
 * in it: no claims, no `typ`. For access tokens use `createVerifier`.
 *
 * @throws {TypeError} when `jwks` is not a key set, or `engine` is not there.
 */
export async function verifyJws(
  compact: string,
  jwks: JwkSet | readonly Jwk[],
  options: VerifyJwsOptions = {},
): Promise<JwsResult> {
  const ring = await readKeyRing(jwks, selectEngine(options.engine))
  const jws = parseJws(compact)
  if (jws === undefined) return { outcome: 'refused', reason: 'malformed' }
  const { alg, kid } = jws.header
  const isAllowed = isJwsAlgorithm(alg) && (options.algorithms?.includes(alg) ?? true)
  const key = isAllowed ? ring.select(kid) : undefined
  const isGenuine = key !== undefined && (await isSignedBy(key, jws))
  if (!isGenuine) return { outcome: 'refused', reason: 'untrusted' }
  return { outcome: 'verified', header: jws.header, payload: Uint8Array.from(jws.payload) }
}
