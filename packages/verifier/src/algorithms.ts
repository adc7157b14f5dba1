/** The asymmetric algorithms of RFC 7518 §3.1 and RFC 8037 §3.1. There is no `none`, and no symmetric one. */
export type JwsAlgorithm =
  'EdDSA' | 'ES256' | 'ES384' | 'ES512' | 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512'

/** What an algorithm asks of its key; `size` is the length of a coordinate in bytes. */
export type AlgorithmTraits =
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly size: 32 }
  | { readonly kty: 'EC'; readonly crv: string; readonly size: number; readonly hash: string }
  | { readonly kty: 'RSA'; readonly padding: 'pkcs1' | 'pss'; readonly hash: string }

/** Every algorithm that this package can verify. */
export const ALGORITHMS: Readonly<Record<JwsAlgorithm, AlgorithmTraits>> = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519', size: 32 },
  ES256: { kty: 'EC', crv: 'P-256', size: 32, hash: 'sha256' },
  ES384: { kty: 'EC', crv: 'P-384', size: 48, hash: 'sha384' },
  ES512: { kty: 'EC', crv: 'P-521', size: 66, hash: 'sha512' },
  RS256: { kty: 'RSA', padding: 'pkcs1', hash: 'sha256' },
  RS384: { kty: 'RSA', padding: 'pkcs1', hash: 'sha384' },
  RS512: { kty: 'RSA', padding: 'pkcs1', hash: 'sha512' },
  PS256: { kty: 'RSA', padding: 'pss', hash: 'sha256' },
  PS384: { kty: 'RSA', padding: 'pss', hash: 'sha384' },
  PS512: { kty: 'RSA', padding: 'pss', hash: 'sha512' },
}

/** Whether this text names an algorithm that this package can verify: to the letter, since `alg` is case-sensitive. */
export function isJwsAlgorithm(name: unknown): name is JwsAlgorithm {
  return typeof name === 'string' && Object.hasOwn(ALGORITHMS, name)
}

/** The one algorithm of a key that does not name it (RFC 8725 §3.1). */
export function algorithmOfCurve(kty: unknown, crv: unknown): JwsAlgorithm | undefined {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'OKP') return crv === 'Ed25519' ? 'EdDSA' : undefined
  if (kty !== 'EC') return undefined
  if (crv === 'P-256') return 'ES256'
  if (crv === 'P-384') return 'ES384'
  return crv === 'P-521' ? 'ES512' : undefined
}
