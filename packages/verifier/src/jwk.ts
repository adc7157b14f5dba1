import { decodeBase64url } from '@counterfoil/protocol'
import { ALGORITHMS, algorithmOfCurve, isJwsAlgorithm, type AlgorithmTraits, type JwsAlgorithm } from './algorithms.ts'
import { isSoundEd25519Point } from './ed25519-point.ts'
import { isJsonObject, type JsonObject } from './strict-json.ts'

/** A public key as RFC 7517 has it. Members that are not named here are ignored. */
export interface Jwk {
  readonly kty: string
  readonly kid?: string | undefined
  /** The one algorithm that the key is for. Where it is absent: EdDSA, ES256, ES384, ES512 by curve; RS256 for RSA. */
  readonly alg?: string | undefined
  readonly use?: string | undefined
  readonly key_ops?: readonly string[] | undefined
  readonly crv?: string | undefined
  readonly x?: string | undefined
  readonly y?: string | undefined
  readonly n?: string | undefined
  readonly e?: string | undefined
}

/** What of a JWK makes the key, and nothing else of it. */
export type KeyMaterial =
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }

/** A public key that is fit for exactly one algorithm. */
export interface PublicKey {
  readonly kid: string | undefined
  readonly algorithm: JwsAlgorithm
  readonly material: KeyMaterial
  /** The exact length of every signature by this key. */
  readonly signatureBytes: number
}

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192
const MAX_EXPONENT_BYTES = 4
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

function decode(member: unknown): Uint8Array | undefined {
  return typeof member === 'string' ? decodeBase64url(member) : undefined
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}

function isOdd(bytes: Uint8Array): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 1
}

// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used". An exponent of 1 would make anything a signature.
function readRsa({ n, e }: JsonObject): Pick<PublicKey, 'material' | 'signatureBytes'> | undefined {
  const modulus = decode(n)
  const exponent = decode(e)
  if (typeof n !== 'string' || typeof e !== 'string' || modulus === undefined || exponent === undefined)
    return undefined
  const bits = bitLength(modulus)
  const isSound = bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && isOdd(modulus)
  const isSoundExponent = exponent.length <= MAX_EXPONENT_BYTES && bitLength(exponent) >= 2 && isOdd(exponent)
  return isSound && isSoundExponent
    ? { material: { kty: 'RSA', n, e }, signatureBytes: Math.ceil(bits / 8) }
    : undefined
}

// RFC 7518 §6.2.1.2: the length of a coordinate "MUST be the full size". That the point is on the curve is for the
// engine to find out.
function readCurve(
  { crv, x, y }: JsonObject,
  traits: Exclude<AlgorithmTraits, { kty: 'RSA' }>,
): Pick<PublicKey, 'material' | 'signatureBytes'> | undefined {
  const first = decode(x)
  if (crv !== traits.crv || typeof x !== 'string' || first?.length !== traits.size) return undefined
  const signatureBytes = 2 * traits.size
  if (traits.kty === 'OKP') {
    return isSoundEd25519Point(first) ? { material: { kty: 'OKP', crv: traits.crv, x }, signatureBytes } : undefined
  }
  if (typeof y !== 'string' || decode(y)?.length !== traits.size) return undefined
  return { material: { kty: 'EC', crv: traits.crv, x, y }, signatureBytes }
}

function isForSignatures({ use, key_ops: operations }: JsonObject): boolean {
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

/**
 * The public key in a JWK, or undefined when it is not one to trust: symmetric, with private members, for another use,
 * of an algorithm or curve that is not known here, too small, or not in canonical form.
 */
export function readPublicKey(jwk: unknown): PublicKey | undefined {
  if (!isJsonObject(jwk) || PRIVATE_MEMBERS.some((member) => jwk[member] !== undefined)) return undefined
  const { kty, kid, alg } = jwk
  if (!isForSignatures(jwk) || (kid !== undefined && typeof kid !== 'string')) return undefined
  const algorithm = alg === undefined ? algorithmOfCurve(kty, jwk['crv']) : alg
  if (!isJwsAlgorithm(algorithm)) return undefined
  const traits = ALGORITHMS[algorithm]
  if (traits.kty !== kty) return undefined
  const read = traits.kty === 'RSA' ? readRsa(jwk) : readCurve(jwk, traits)
  return read && { kid, algorithm, ...read }
}
