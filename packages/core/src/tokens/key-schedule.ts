import type { KeyId } from '@counterfoil/protocol'
import type { KeyPurpose, StoredKey } from './stored-key.ts'

/** What the schedule of keys depends on, in milliseconds. */
export interface KeyTimes {
  /** How long a key signs before the next one takes over. */
  readonly rotationMs: number
  /** How long a key is published at least before it signs. */
  readonly publicationMs: number
  /** How soon every node knows of a change. */
  readonly reloadMs: number
  /** How long after it was made the last token of a key can still be presented. */
  readonly longestTokenMs: number
}

/** The keys of one purpose in the order in which they sign. */
export function keysInTurn(keys: readonly StoredKey[], purpose: KeyPurpose): StoredKey[] {
  return keys.filter((key) => key.purpose === purpose).sort((a, b) => a.activeAt - b.activeAt)
}

/** The key that signs at this instant: the latest whose turn has come. Undefined when there is none yet. */
export function signerAt<Key extends { readonly activeAt: number }>(
  inTurn: readonly Key[],
  instant: number,
): Key | undefined {
  return inTurn.findLast((key) => key.activeAt <= instant)
}

/** What is due: a next key to publish, and from when it signs; a next key whose turn comes early; keys whose last token has expired. */
export interface KeyUpkeep {
  readonly callIn: StoredKey | undefined
  readonly addAt: number | undefined
  readonly remove: readonly KeyId[]
}

/**
 * Decides what is due for the keys of one purpose. There is always a next key, published before it signs; a retired one
 * stays until its last token has expired.
 */
export function decideKeyUpkeep(inTurn: readonly StoredKey[], now: number, times: KeyTimes): KeyUpkeep {
  const signer = signerAt(inTurn, now)
  // The very first key signs at once: nobody can have cached a key set before there was one.
  // Where there is a next key and no signer, that was taken out of use: the next one signs before its turn.
  if (signer === undefined) return { callIn: inTurn[0], addAt: inTurn.length === 0 ? now : undefined, remove: [] }
  const hasNext = inTurn.some((key) => key.activeAt > now)
  const remove = inTurn.filter((_, at) => {
    const successor = inTurn[at + 1]
    return successor !== undefined && successor.activeAt + times.longestTokenMs + times.reloadMs < now
  })
  return {
    callIn: undefined,
    addAt: hasNext ? undefined : Math.max(signer.activeAt + times.rotationMs, earliestTurn(now, now, times)),
    remove: remove.map((key) => key.id),
  }
}

/** When the next key takes over if it is to do so as soon as it safely can: every node and every verifier must know it by then. */
export function earliestTurn(createdAt: number, now: number, times: KeyTimes): number {
  return Math.max(now + times.reloadMs * 2, createdAt + times.publicationMs)
}
