import type { Refusal } from '../refusal.ts'

/** A key whose possession has been shown with a request (RFC 9449): checked by whoever took the request. */
export interface KeyProof {
  /** The key's thumbprint: SHA-256 (RFC 7638), in base64url. */
  readonly keyThumbprint: string
  /** Uses the proof up; false when it had been used before. Asked once, when nothing else speaks against the request. Rejects when that cannot be known. */
  spend(): Promise<boolean>
}

/**
 * Why a session that is bound to a key cannot go on by this proof; undefined where it can, or is bound to none. No proof and a wrong one are no sign
 * of theft: whoever has only the token gets nothing for it, and ends nothing by it.
 */
export async function judgeProof(
  { keyThumbprint }: { readonly keyThumbprint?: string | undefined },
  proof: KeyProof | undefined,
): Promise<Refusal | undefined> {
  if (keyThumbprint === undefined) return undefined
  if (proof === undefined)
    return { refused: 'invalid_dpop_proof', detail: 'The session is bound to a key: send a proof.' }
  if (proof.keyThumbprint !== keyThumbprint) return { refused: 'credential_bound' }
  return spendProof(proof)
}

/** Whether a session's token that has come was proved to be in its owner's hands: that of a bound session has been, or it had been refused. */
export function bindingOf(session: { readonly keyThumbprint?: string | undefined } | undefined): 'bound' | 'bearer' {
  return session?.keyThumbprint === undefined ? 'bearer' : 'bound'
}

/** Uses a proof up; the refusal where it had been used before (RFC 9449 §11.1). */
export async function spendProof(proof: KeyProof): Promise<Refusal | undefined> {
  return (await proof.spend())
    ? undefined
    : { refused: 'invalid_dpop_proof', detail: 'The proof was used before: make a new one.' }
}
