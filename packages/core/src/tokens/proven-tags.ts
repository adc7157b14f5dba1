import { timingSafeEqual, type KeyObject } from 'node:crypto'
import type { SessionId } from '@counterfoil/protocol'

interface Proven {
  readonly signed: Uint8Array
  readonly tag: Uint8Array
  readonly key: KeyObject
}

/**
 * Tags that were found to be right, so that a session token that comes again costs a comparison in place of an HMAC. One for each session, compared as
 * a whole and in constant time, and only for the key that it was found right with. It says who made a token, and nothing about whether its session stands.
 */
export class ProvenTags {
  readonly #capacity: number
  /** Those that were used lately, and those that were not: when the first are too many, the second are let go. */
  #young = new Map<SessionId, Proven>()
  #old = new Map<SessionId, Proven>()

  /** `capacity` is how many are kept at most; 0 for none. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  has(id: SessionId, { signed, tag, key }: Proven): boolean {
    const young = this.#young.get(id)
    const known = young ?? this.#old.get(id)
    if (known?.key !== key) return false
    if (!timingSafeEqual(known.tag, tag) || !timingSafeEqual(known.signed, signed)) return false
    if (young === undefined) this.#put(id, known)
    return true
  }

  keep(id: SessionId, proven: Proven): void {
    if (this.#capacity > 0) this.#put(id, proven)
  }

  #put(id: SessionId, proven: Proven): void {
    this.#old.delete(id)
    this.#young.set(id, proven)
    if (this.#young.size * 2 < this.#capacity) return
    this.#old = this.#young
    this.#young = new Map()
  }
}
