import { PROOF_ALGORITHMS, PROOF_TYPE } from '@counterfoil/protocol'
import type { JwsAlgorithm } from '../algorithms.ts'
import { decodeCanonical } from '../base64url.ts'
import { readPublicKey, type PublicKey } from '../jwk.ts'
import type { Jws } from '../jws.ts'
import { isJsonObject, parseJsonObject, type JsonObject } from '../strict-json.ts'
import type { ProofClaims, ProofFault } from './decide-proof.ts'

/** A proof taken apart; nothing about it is trusted yet. */
export interface Proof {
  readonly jws: Jws
  /** The header as it came: what keys are known by. */
  readonly header: string
  readonly claims: ProofClaims
}

/** A key that signs proofs, with the algorithm that the header names. */
export interface ProofKey {
  readonly key: PublicKey
  /** The members of which the thumbprint is made, in their order, as JSON (RFC 7638 §3). */
  readonly canonical: string
}

const MAX_CHARACTERS = 8192
const MAX_ID_CHARACTERS = 512
const ALGORITHMS: readonly string[] = PROOF_ALGORITHMS

/** The one proof of a request, or why there is not one: what is in a header twice arrives as two values, or joined by a comma. */
export function soleProof(headers: string | readonly string[] | undefined): { readonly text: string } | ProofFault {
  const values = typeof headers === 'string' ? [headers] : (headers ?? [])
  const [text] = values
  if (text === undefined) return 'absent'
  if (values.length > 1 || text.includes(',')) return 'several'
  return text.trim() === '' ? 'absent' : { text: text.trim() }
}

/** Takes a proof apart (RFC 9449 §4.3, 2 and 3); undefined unless it is one JWT in compact serialization with all that must be in it. */
export function parseProof(compact: string): Proof | undefined {
  const [header = '', payload = '', tag = '', ...rest] = compact.length > MAX_CHARACTERS ? [] : compact.split('.')
  if (rest.length > 0 || tag === '') return undefined
  const [payloadBytes, signature] = [decodeCanonical(payload), decodeCanonical(tag)]
  const claims = payloadBytes && parseJsonObject(payloadBytes)?.object
  if (claims === undefined || signature === undefined || payloadBytes === undefined || !areProofClaims(claims))
    return undefined
  const { jti, htm, htu, iat, nonce, ath } = claims
  // The header is read where its key is made ready, which is once for many proofs.
  const unread = { alg: '', kid: undefined, typ: undefined }
  const jws = { compact, header: unread, signingInput: `${header}.${payload}`, payload: payloadBytes, signature }
  return { jws, header, claims: { jti, htm, htu, iat, nonce, ath } }
}

function areProofClaims(claims: JsonObject): claims is JsonObject & ProofClaims {
  const { jti, htm, htu, iat, nonce, ath } = claims
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
  const areTexts = isText(jti) && jti.length <= MAX_ID_CHARACTERS && isText(htm) && isText(htu)
  const areOptional = [nonce, ath].every((value) => value === undefined || typeof value === 'string')
  return areTexts && areOptional && typeof iat === 'number' && Number.isFinite(iat)
}

/** The key in a proof's header (RFC 9449 §4.3, 4 to 7), or what is wrong with the header. */
export function readProofHeader(text: string): ProofKey | ProofFault {
  const bytes = decodeCanonical(text)
  const header = bytes && parseJsonObject(bytes)?.object
  if (header === undefined || Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return 'malformed'
  const { typ, alg, jwk } = header
  if (typeof typ !== 'string' || !isProofType(typ)) return 'wrong-type'
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) return 'wrong-algorithm'
  if (!isJsonObject(jwk)) return 'bad-key'
  const algorithm = (alg === 'Ed25519' ? 'EdDSA' : alg) as JwsAlgorithm
  const own = jwk['alg'] === 'Ed25519' ? 'EdDSA' : (jwk['alg'] ?? algorithm)
  const key = own === algorithm ? readPublicKey({ ...jwk, alg: algorithm }) : undefined
  return key === undefined ? 'bad-key' : { key, canonical: canonicalKey(key) }
}

function isProofType(typ: string): boolean {
  const type = typ.toLowerCase()
  return type === PROOF_TYPE || type === `application/${PROOF_TYPE}`
}

/** RFC 7638 §3.2: the required members alone, by name. */
function canonicalKey({ material }: PublicKey): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(material).toSorted(([one], [other]) => (one < other ? -1 : 1))),
  )
}
