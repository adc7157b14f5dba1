import type { IncomingMessage } from 'node:http'
import type { KeyProof } from '@counterfoil/core'
import { PROOF_HEADER, PROOF_NONCE_HEADER } from '@counterfoil/protocol'
import type { BadProof, BoundToken, ProofFault } from '@counterfoil/verifier'
import type { FastifyReply } from 'fastify'
import type { ServerContext } from '../context.ts'
import { valuesOfHeader } from './credentials.ts'
import type { Fault } from './faults.ts'

/** What a request was made for, as its client addressed it. */
export interface Addressed {
  readonly method: string
  /** Undefined where that cannot be known. */
  readonly url: string | undefined
  /** What would make it known. */
  readonly remedy?: string
}

/** What is right, by what is wrong. */
const RIGHT: Readonly<Record<ProofFault, string>> = {
  absent: 'Send a proof in the DPoP header.',
  several: 'Send one DPoP header, with one proof.',
  malformed: 'A proof is a JWT in compact serialization with jti, htm, htu and iat.',
  'wrong-type': 'The typ of a proof is dpop+jwt.',
  'wrong-algorithm': 'Sign proofs with one of the algorithms in dpop_signing_alg_values_supported.',
  'bad-key': 'The jwk is a public key without private members, sound and large enough for the algorithm.',
  'bad-signature': 'The signature is made with the key in jwk.',
  'wrong-method': 'htm is the method of the request.',
  'wrong-target': 'htu is the public URL of the request, without query and fragment.',
  'wrong-token': 'ath is the hash of the access token that comes along.',
  'wrong-key': 'A proof is signed with the key that the access token is bound to.',
  'wrong-time': 'iat is the present time; make each proof when it is sent.',
  'nonce-needed': 'nonce is the value of DPoP-Nonce that comes with this answer.',
  replayed: 'Each request needs a proof of its own, with a jti of its own.',
}

/** What a bad proof means for the caller. */
function faultOfProof({ fault, nonce }: Pick<BadProof, 'fault' | 'nonce'>): Fault {
  const code = nonce === undefined ? 'invalid_dpop_proof' : 'use_dpop_nonce'
  return { code, field: 'DPoP', detail: RIGHT[fault], nonce }
}

/** What a request to this server was made for: by the issuer's URL, whatever host a proxy shows (RFC 9449 §4.3). */
export function addressedBy({ issuer }: ServerContext, { method = 'GET', url = '/' }: IncomingMessage): Addressed {
  return { method, url: url.startsWith('/') ? issuer + url : undefined }
}

/** The proof that comes with a request for new credentials: undefined when it brings none, a fault when it is not good. It is not used up yet. */
export async function readKeyProof(
  context: ServerContext,
  message: IncomingMessage,
): Promise<KeyProof | Fault | undefined> {
  const headers = valuesOfHeader(message.rawHeaders, PROOF_HEADER)
  if (headers.length === 0) return undefined
  const { method, url = '' } = addressedBy(context, message)
  const proof = await context.proofs.check({ method, url, headers })
  if (proof.outcome === 'refused') return faultOfProof(proof)
  const { keyThumbprint } = proof
  return { keyThumbprint, spend: async () => proof.spend() }
}

/** Why the proof of a request does not do for the token that comes along; undefined when it was good, and is used up now. */
export async function judgeProof(
  { proofs }: ServerContext,
  { rawHeaders }: IncomingMessage,
  { method, url, remedy = RIGHT['wrong-target'] }: Addressed,
  bound: BoundToken,
): Promise<Fault | undefined> {
  if (url === undefined) return { code: 'invalid_dpop_proof', field: 'DPoP', detail: remedy }
  const proof = await proofs.check({ method, url, headers: valuesOfHeader(rawHeaders, PROOF_HEADER) }, bound)
  if (proof.outcome === 'refused') return faultOfProof(proof)
  return (await proof.spend()) ? undefined : faultOfProof({ fault: 'replayed' })
}

/** Gives the nonce for the client's next proof, where every proof must hold one (RFC 9449 §8.2). */
export async function handOutNonce({ proofs }: ServerContext, reply: FastifyReply): Promise<void> {
  const nonce = await proofs.nonce()
  if (nonce !== undefined) reply.header(PROOF_NONCE_HEADER, nonce)
}
